"""Our own cookies, besides Django's: all are set in one place, so that none lacks a flag."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponseBase


def cookie_name(name: str) -> str:
    """Return a cookie's full name.

    With TLS it has the prefix that keeps sibling domains from planting the cookie (RFC 6265bis, section 4.1.3.2).
    """
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


def set_cookie(response: HttpResponseBase, name: str, value: str, *, max_age: timedelta) -> None:
    """Set a cookie for ``max_age``. ``name`` is the full name that ``cookie_name`` returned."""
    response.set_cookie(
        name, value, max_age=max_age, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def delete_cookie(response: HttpResponseBase, name: str) -> None:
    """Delete a cookie that ``set_cookie`` set."""
    response.delete_cookie(name, samesite="Lax")
