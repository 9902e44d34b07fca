"""A setting turns off all sign-in methods of its kind when they are used, and not only on the page that lists them.

The kind of fault: one method checks something else than the others, or checks only when it renders its page.
"""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from tests.flows.conftest import Browser
from tests.flows.factors import PROVE, add_app
from tests.support.authenticator import code
from tests.support.page_messages import messages_of
from tests.support.post import Post

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a lantern in the stairwell"
OFF = [("LOCAL_ACCOUNTS", "off"), ("LOCAL_PASSWORDS", False)]


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"


@pytest.fixture
def ned() -> User:
    return User.objects.create_user(email="ned@example.com", email_verified=True, password=PASSWORD, name="Ned")


def sign_in(browser: Browser) -> Any:
    return browser.post("/accounts/local/login/", {"name": "ned@example.com", "password": PASSWORD})


@pytest.mark.parametrize(("switch", "value"), OFF)
def test_every_sign_in_method_of_a_local_account_is_turned_off(
    browser: Browser, ned: User, post: Post, settings: Any, switch: str, value: Any
) -> None:
    """Links were mailed, and pages opened, while the setting was on."""
    browser.post("/accounts/local/password-reset/", {"email": "ned@example.com"})
    browser.post("/accounts/register/", {"email": "nora@example.com"})
    reset, registration = post.link("ned@example.com"), post.link("nora@example.com")
    setattr(settings, switch, value)

    assert sign_in(browser).status_code == 404
    assert browser.post(reset, {"password": "seven quiet lanterns"}).status_code == 410
    assert browser.post(registration, {"name": "Nora", "password": "seven quiet lanterns"}).status_code == 410
    assert browser.post("/accounts/local/password-reset/", {"email": "ned@example.com"}).status_code == 404
    assert browser.post("/accounts/register/", {"email": "nora@example.com"}).status_code == 404
    browser.post("/admin/login/", {"username": "ned@example.com", "password": PASSWORD})
    assert browser.account is None
    ned.refresh_from_db()
    assert ned.check_password(PASSWORD)


@pytest.mark.parametrize(("switch", "value"), OFF)
def test_a_pending_sign_in_is_refused_after_its_method_was_turned_off(
    browser: Browser, new_browser: Callable[[], Browser], ned: User, settings: Any, later: Callable[..., None],
    *, switch: str, value: Any,
) -> None:  # fmt: skip
    first = new_browser()
    sign_in(first)
    secret, _ = add_app(first)
    later()
    assert sign_in(browser).headers["Location"] == PROVE
    setattr(settings, switch, value)
    answer = browser.post(PROVE, {"code": code(secret)})

    assert answer.headers["Location"] == "/accounts/login/"
    assert "your account was locked" in messages_of(answer)[-1]
    assert browser.account is None


@pytest.mark.parametrize(("switch", "value"), OFF)
def test_what_does_not_sign_in_does_not_reauthenticate(
    browser: Browser, ned: User, settings: Any, later: Callable[..., None], switch: str, value: Any
) -> None:
    sign_in(browser)
    later(minutes=11)
    setattr(settings, switch, value)

    assert browser.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 200
    assert b'name="password"' not in browser.get("/accounts/reauthenticate/").content


@pytest.mark.promise(45)
def test_administrators_keep_their_sign_in_if_people_have_no_local_accounts(browser: Browser, settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "off"
    root = User.objects.create_superuser(username="root", password=PASSWORD)

    assert browser.post("/admin/login/", {"username": "root", "password": PASSWORD}).status_code == 302
    assert browser.account == str(root.pk)
    assert browser.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
