"""Google: standard OpenID Connect."""

from collections.abc import Mapping
from typing import Any, Unpack

from providers.base import ProviderRegistration
from providers.openid import OpenIDProvider

NAME = "Google"
# Google issues a refresh token only with consent, so a person who reauthenticates is asked to consent again.
OFFLINE = {"access_type": "offline", "prompt": "select_account consent"}
FRESH = {"prompt": "select_account"}  # Google knows no prompt=login


def provider(settings: Mapping[str, Any], **registration: Unpack[ProviderRegistration]) -> OpenIDProvider:
    return OpenIDProvider(
        issuer_url=settings["issuer"],
        signing_algorithms=frozenset(settings["signing_algorithms"]),
        reauthenticate_parameters=FRESH,
        offline=OFFLINE,
        **registration,
    )
