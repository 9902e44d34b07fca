"""People whose provider does not say when they proved themselves: they type in a code from their mailbox."""

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
UNDATED = ("google", "microsoft", "github")  # what a plain sign-in there says of the time of its proof: nothing
NEVER_DATED = ("google", "github")


def proving(next_url: str) -> str:
    """Return the page that asks for a proof on the way to another."""
    return f"/accounts/reauthenticate/?{urlencode({'next': next_url})}"


def mailed_code(address: str) -> str:
    """Return the code in somebody's newest mail."""
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
    """Type in a code that was mailed for what the next page does."""
    return browser.post(proving(next_url), {"code": ask_for_code(browser, next_url)})


class SignedIn(Protocol):
    """A browser that is signed in: ``key`` opens its session."""

    @property
    def key(self) -> str: ...


def let_be_proven(browser: SignedIn) -> None:
    """Give a browser's session a proof that counts for everything, for stories that are about something else."""
    session = SessionStore(browser.key)
    session[RECORDS] = [*session[RECORDS], {"method": "password", "at": time.time()}]
    session.save()
