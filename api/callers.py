"""The caller of the API: one value for all kinds of credentials."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja.security import APIKeyCookie

from accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A person or a service, with the scopes and the tenant of the credential."""

    kind: Literal["person", "service"]
    id: UUID
    scopes: tuple[str, ...] = ()
    tenant_id: UUID | None = None
    user: User | None = None


class SessionCookie(APIKeyCookie):
    """Authenticates by the browser's session. For unsafe methods ninja requires a CSRF token as well."""

    def __init__(self, cookie_name: str) -> None:
        self.param_name = cookie_name
        super().__init__()

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        user = request.user
        if not isinstance(user, User):
            return None
        return Caller(
            kind="person",
            id=user.pk,
            tenant_id=user.active_membership.tenant_id if user.active_membership else None,
            user=user,
        )
