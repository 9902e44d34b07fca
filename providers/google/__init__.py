"""Google: standard OpenID Connect."""

from collections.abc import Mapping
from typing import Any

from providers.base import ClientCredentials
from providers.openid import OpenIDProvider

# Google issues a refresh token only with consent, so a person who reauthenticates is asked to consent again.
OFFLINE = {"access_type": "offline", "prompt": "select_account consent"}
FRESH = {"prompt": "select_account"}  # Google knows no prompt=login


def provider(client: ClientCredentials, settings: Mapping[str, Any]) -> OpenIDProvider:
    return OpenIDProvider(
        id="google",
        name="Google",
        client=client,
        issuer_url=settings["issuer"],
        signing_algorithms=frozenset(settings["signing_algorithms"]),
        reauthenticate_parameters=FRESH,
        offline=OFFLINE,
    )
