"""Our own cookies, besides Django's: all are set in one place, so that none lacks a flag."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponseBase


def cookie_name(name: str, *, over_tls: bool | None = None) -> str:
    """Return a cookie's full name, for a host that is reached over TLS or not; None stands for our own host.

    With TLS it has the prefix that keeps sibling domains from planting the cookie (RFC 6265bis, section 4.1.3.2).
    """
    return f"__Host-{name}" if _is_secure(over_tls=over_tls) else name


def set_cookie(
    response: HttpResponseBase, name: str, value: str, *, max_age: timedelta | None, over_tls: bool | None = None
) -> None:
    """Set a cookie for ``max_age``, or until the browser ends. ``name`` is what ``cookie_name`` returned."""
    response.set_cookie(
        name, value, max_age=max_age, secure=_is_secure(over_tls=over_tls), httponly=True, samesite="Lax"
    )


def delete_cookie(response: HttpResponseBase, name: str) -> None:
    """Delete a cookie that ``set_cookie`` set."""
    response.delete_cookie(name, samesite="Lax")


def _is_secure(*, over_tls: bool | None) -> bool:
    return bool(settings.SESSION_COOKIE_SECURE) if over_tls is None else over_tls
