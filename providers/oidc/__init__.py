"""Any service that speaks OpenID Connect, described by its connection alone."""

from collections.abc import Mapping
from typing import Any, Unpack

from accounts.sign_in.provider_names import SaysWhen
from providers.base import ProviderRegistration
from providers.openid import OpenIDProvider

NAME = "OpenID Connect"


def provider(settings: Mapping[str, Any], **registration: Unpack[ProviderRegistration]) -> OpenIDProvider:
    """``auth_time`` must be sent where it was asked for (Core, section 2), which not every service does."""
    return OpenIDProvider(
        issuer_url=settings["issuer"],
        signing_algorithms=frozenset(settings["signing_algorithms"]),
        says_when=SaysWhen.WHERE_SET_UP,
        offline_scopes=("offline_access",),
        **registration,
    )
