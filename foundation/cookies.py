"""Cookies of ours, besides Django's own: one way to set one, so that none lacks a flag."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponseBase


def cookie_name(name: str) -> str:
    """Return a cookie's full name: under TLS, no neighbouring host can plant one (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


def set_cookie(response: HttpResponseBase, name: str, value: str, *, max_age: timedelta) -> None:
    """Leave a cookie with the browser for ``max_age``. ``name`` is a full one."""
    response.set_cookie(
        name, value, max_age=max_age, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def delete_cookie(response: HttpResponseBase, name: str) -> None:
    """Have the browser drop a cookie that ``set_cookie`` left."""
    response.delete_cookie(name, samesite="Lax")
