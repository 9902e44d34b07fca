"""Looking at what a service publishes before its connection is saved, so that mistakes show at once.

It waits for the service, so nothing may hold the connection's row meanwhile. Only public addresses are called.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from foundation.encryption import DecryptionFailed
from providers.base import Provider
from providers.connections.building import build
from providers.models import Connection
from providers.openid import OpenIDProvider
from providers.page_texts import Text
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import one_deadline
from providers.upstream_tokens.readiness import algorithms_of

FAULTS: dict[RefusalReason, Text] = {
    RefusalReason.PROVIDER_UNREACHABLE: _("Nothing answers at this address."),
    RefusalReason.PROVIDER_BUSY: _("We are still waiting for this service. Try again in a minute."),
    RefusalReason.PROVIDER_NOT_PUBLIC: _("This address leads into a private network, which is not called from here."),
    RefusalReason.METADATA_INVALID: _("What this issuer publishes about itself does not fit: %(detail)s."),
    RefusalReason.PROVIDER_ANSWER_INVALID: _(
        "The server at this address does not publish what OpenID Connect requires: %(detail)s."
    ),
}
UNREADABLE = _("The stored secret cannot be read any more. Enter it again.")
NO_PKCE = _("The service does not say that it supports PKCE with S256. Sign-ins work, unless it refuses it.")


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What is to be said at a field of the form. A connection with a fault is not saved, one with a hint is."""

    field: str
    text: str
    is_fault: bool = True


def look(connection: Connection) -> list[Remark]:
    """Fetch what a service publishes and return what is wrong or unusual. Takes twelve seconds at most."""
    try:
        provider = build(connection)
    except DecryptionFailed:
        return [Remark(field="secret", text=str(UNREADABLE))]
    try:
        with one_deadline():
            return _look(provider)
    except SignInRefused as refused:
        words = FAULTS.get(refused.reason, FAULTS[RefusalReason.METADATA_INVALID])
        return [Remark(field="issuer", text=str(words) % {"detail": refused.detail})]
    finally:
        provider.upstream.close()


def _look(provider: Provider) -> list[Remark]:
    if not isinstance(provider, OpenIDProvider):
        provider.reachability.check()
        return []
    announces_pkce = provider.metadata.announces_pkce
    offered, agreed = algorithms_of(provider.issuer.keys), provider.signing_algorithms
    found = [] if announces_pkce else [Remark(field="issuer", text=str(NO_PKCE), is_fault=False)]
    if offered.isdisjoint(agreed):
        words = (
            _now("The service has keys for %(offered)s, and none for these algorithms.")
            if offered
            else _now("The service publishes no key that can sign.")
        )
        found.append(Remark(field="signing_algorithms", text=words % {"offered": ", ".join(sorted(offered))}))
    return found
