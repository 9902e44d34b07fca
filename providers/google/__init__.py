"""Google: OpenID Connect as it is in the book."""

from collections.abc import Mapping

from providers.base import Client, OpenIDProvider

FRESH = {"prompt": "select_account"}  # Google knows no prompt=login


def provider(client: Client, settings: Mapping[str, str]) -> OpenIDProvider:
    return OpenIDProvider(id="google", name="Google", client=client, issuer_url=settings["issuer"], fresh=FRESH)
