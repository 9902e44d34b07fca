"""How a session's person is found again: the one authentication backend."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.organizations.active_membership import ActiveMembership
from accounts.sign_in.local import passwords
from foundation.rows import Rows, fetch_one

USERS = Rows(User, "u")
BY_KEY = f"SELECT {USERS.columns} FROM accounts_user u WHERE u.id = %s AND u.is_active"


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]  # a library without types
    """allauth's, with passwords judged in one place and the read that every page begins with written by hand."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Raises Throttled, which ends as 429, wherever this is called from."""
        name, password = credentials.get("username"), credentials.get("password")
        return passwords.check(request, name, password) if name and password else None

    def get_user(self, user_id: Any) -> User | None:
        row = fetch_one(BY_KEY, [user_id])
        return USERS.read(row) if row else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return what the person may do everywhere, and what their role allows in the tenant where they act."""
        everywhere: set[str] = super().get_all_permissions(user_obj, obj)
        standing: ActiveMembership | None = getattr(user_obj, "active_membership", None)
        if standing is None or obj is not None or not user_obj.is_active:
            return everywhere
        return everywhere | standing.permissions
