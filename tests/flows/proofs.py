"""Reauthentication of people whose provider reports no time of authentication: they enter a mailed code."""

import re
import time
from typing import Any, Protocol
from urllib.parse import urlencode

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS
from django.test import TestCase

from accounts.models import User
from accounts.sessions import SessionStore
from tests.flows.conftest import Browser
from tests.support.post import Post

CODE = re.compile(r"^(\d{4} \d{4})$", re.MULTILINE)
UNDATED = ("google", "microsoft", "github")  # a plain sign-in there reports no time of authentication
NEVER_DATED = ("google", "github")


def proving(next_url: str) -> str:
    """Return the page of the reauthentication on the way to another page."""
    return f"/accounts/reauthenticate/?{urlencode({'next': next_url})}"


def mailed_code(address: str) -> str:
    """Return the code in the newest mail to an address."""
    (found,) = CODE.findall(str(Post().to(address).body))
    return str(found)


def ask_for_code(browser: Browser, next_url: str) -> str:
    """Have a code mailed to the account's address, and return it."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        asked = browser.post(proving(next_url), {"send": "code"})
    assert asked.status_code == 302, asked.content
    person = User.objects.get(pk=browser.account or "")
    assert person.email
    return mailed_code(person.email)


def prove_by_mail(browser: Browser, next_url: str) -> Any:
    """Enter a code that was mailed for the act of the next page."""
    return browser.post(proving(next_url), {"code": ask_for_code(browser, next_url)})


class SignedIn(Protocol):
    """A browser that is signed in, with ``key`` as its session key."""

    @property
    def key(self) -> str: ...


def let_be_proven(browser: SignedIn) -> None:
    """Reauthenticate a browser's session for all acts, for stories about something else."""
    session = SessionStore(browser.key)
    session[RECORDS] = [*session[RECORDS], {"method": "password", "at": time.time()}]
    session.save()
