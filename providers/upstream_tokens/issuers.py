"""The metadata and keys of upstream issuers: those of a provider if it is the same issuer, otherwise their own."""

from providers import registry
from providers.metadata import Issuer
from providers.models import UpstreamIssuer
from providers.openid import OpenIDProvider
from providers.unknown_keys import stranger
from providers.upstream import UpstreamClient

SETTING = "the page of the upstream issuer"  # where a refusal says that the algorithms are
UNSHARED: dict[str, Issuer] = {}  # of this process, by URL


def provider_of(url: str) -> OpenIDProvider | None:
    """Return the enabled provider that is this issuer. Its identities are those of the upstream issuer."""
    found = (one for one in registry.issuing_as(url) if isinstance(one, OpenIDProvider))
    return next(found, None)


def issuer_of(configured: UpstreamIssuer) -> Issuer:
    """Return the issuer with this process's cache of its keys, for a caller that anybody could be.

    Only configured issuers get here, so the number of caches is limited, and nothing is fetched from a URL in a token.
    """
    provider = provider_of(configured.issuer)
    issuer = provider.issuer if provider else _unshared(configured.issuer)
    return issuer.agreed(configured.algorithms, setting=SETTING).asked_by(stranger())


def _unshared(url: str) -> Issuer:
    """Return an issuer that is not that of a provider, the same object for all threads, so that one of them fetches."""
    return UNSHARED.get(url) or UNSHARED.setdefault(url, Issuer(url, UpstreamClient("upstream_issuer")))
