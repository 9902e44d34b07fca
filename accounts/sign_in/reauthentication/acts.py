"""The acts that require reauthentication. Each has a name, because a mailed code counts for one act only."""

from urllib.parse import urlsplit

from django.db import models
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext_lazy as _


class Act(models.TextChoices):
    """What a person is about to do. The labels complete "You are about to …", on the page and in the mail."""

    CONNECT = "connect", _("connect another sign-in method")
    DISCONNECT = "disconnect", _("disconnect a sign-in method")
    EMAIL = "email", _("change your e-mail address")
    PASSWORD = "password", _("change your password")  # the name of an act
    FACTORS = "factors", _("change your second factors")
    KEYS = "keys", _("create an API key")
    EXPORT = "export", _("download your data")
    CONNECT_REFUSED = "connect_refused", _("connect a refused identity to an account")
    ADMINISTER = "administer", _("work as an administrator")
    OTHER = "other", _("do something that needs it")


# Acts in the administration of a tenant. All others are acts on the person's own account.
OF_TENANTS = frozenset({Act.ADMINISTER, Act.CONNECT_REFUSED})

ACTS = {
    "connections": Act.CONNECT,
    "provider-start": Act.CONNECT,
    "provider-callback": Act.CONNECT,
    "disconnect": Act.DISCONNECT,
    "email": Act.EMAIL,
    "factor-required": Act.FACTORS,
    "add-authenticator": Act.FACTORS,
    "authenticator-qr-code": Act.FACTORS,
    "add-passkey": Act.FACTORS,
    "recovery-codes": Act.FACTORS,
    "remove-factor": Act.FACTORS,
    "create-api-key": Act.KEYS,
    "own-data": Act.EXPORT,
    "admin:password_change": Act.PASSWORD,
    "admin:connect_identity": Act.CONNECT_REFUSED,
}


def act_of(url: str) -> Act:
    """Return the act that a URL of this site is for.

    The page that requires reauthentication and the page that performs it both use this, so they agree on the act.
    """
    try:
        match = resolve(urlsplit(url).path)
    except Resolver404:
        return Act.OTHER
    if match.view_name in ACTS:
        return ACTS[match.view_name]
    return Act.ADMINISTER if match.namespace == "admin" else Act.OTHER


def needs_reauthentication(url: str) -> bool:
    """Whether a URL leads to an act, and not just back to a page that requires no reauthentication."""
    act = act_of(url)
    if act is Act.CONNECT:
        return url == after_reauthentication_to_connect()
    return act is not Act.OTHER


def after_reauthentication_to_connect() -> str:
    """Return the URL to continue at after reauthentication for connecting another sign-in method."""
    return f"{reverse('connections')}?connect"
