"""Where Django's messages wait for the next page (ADR 46): a signed cookie, and the session for what does not fit."""

from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage

from foundation.cookies import cookie_name


class Cookie(CookieStorage):
    """Django's cookie, under a name that keeps neighbouring hosts from planting one signed for another browser."""

    cookie_name = cookie_name("messages")


class Storage(FallbackStorage):
    storage_classes = (Cookie, SessionStorage)
