"""The classes of credentials that the auth server issues to clients of a person, and how they are revoked."""

from django.utils.translation import gettext_lazy as _

from authserver.services import revocation as services
from authserver.tokens import revocation
from foundation.declarations import Revocable

DECLARATIONS = [
    Revocable(
        name="app_tokens",
        label=_("Tokens of connected apps"),
        revoke=revocation.revoke_of_people,
        alive=revocation.count_alive,
    ),
    Revocable(
        name="api_keys",
        label=_("API keys, and services that act for this person"),
        revoke=services.revoke_of_people,
        alive=services.count_alive,
    ),
]
