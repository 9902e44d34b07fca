"""Where Django's messages wait for the next page (ADR 46): in a signed cookie, what does not fit in the session."""

from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage

from foundation.cookies import cookie_name


class Cookie(CookieStorage):
    """Django's, under a name by which no neighbouring host can plant one that was signed for another browser."""

    cookie_name = cookie_name("messages")


class Storage(FallbackStorage):
    storage_classes = (Cookie, SessionStorage)
