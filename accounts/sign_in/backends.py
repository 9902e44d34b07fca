"""The only authentication backend: it checks local passwords, and loads the user of a session."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.models.active_membership import ActiveMembership
from accounts.sign_in.local import passwords
from foundation.rows import Rows, fetch_one

USERS = Rows(User, "u")
BY_KEY = f"SELECT {USERS.columns} FROM accounts_user u WHERE u.id = %s AND u.is_active"


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]  # a library without types
    """allauth's backend, with our own check of passwords and a hand-written query for the user of a session."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Raises Throttled, which becomes a 429 response wherever this is called."""
        name, password = credentials.get("username"), credentials.get("password")
        return passwords.check(request, name, password) if name and password else None

    def get_user(self, user_id: Any) -> User | None:
        row = fetch_one(BY_KEY, [user_id])
        return USERS.read(row) if row else None

    def _get_permissions(self, user_obj: Any, obj: Any, from_name: str) -> set[str]:
        """Return nothing for a pinned person: neither their own permissions nor those of groups count (ADR 73)."""
        if user_obj.pinned_tenant is not None:
            return set()
        found: set[str] = super()._get_permissions(user_obj, obj, from_name)
        return found

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the person's own permissions, and those of their role in the active tenant."""
        everywhere: set[str] = super().get_all_permissions(user_obj, obj)
        membership: ActiveMembership | None = getattr(user_obj, "active_membership", None)
        if membership is None or obj is not None or not user_obj.is_active:
            return everywhere
        return everywhere | membership.permissions
