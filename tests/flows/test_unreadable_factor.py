"""A process without the newest encryption key cannot verify an app's code, which is not a wrong code.

The kind of fault: what cannot be decrypted here counts as wrong, and the person is throttled and told so.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache

from foundation.encryption import key_ids
from tests.flows.conftest import Browser
from tests.flows.factors import APP, PICTURE, PROVE, add_app, details
from tests.flows.proofs import let_be_proven, proving
from tests.support.authenticator import code, secret_on

pytestmark = pytest.mark.django_db

KEY = base64.b64decode("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
ANYWHERE = "/accounts/connections/"


@pytest.fixture(autouse=True)
def _new_counters() -> None:
    cache.clear()


@pytest.fixture
def without_key(settings: Any) -> Callable[[], Any]:
    """Add apps in a process with the newest key, and return a context of another one without it."""
    settings.TOKEN_ENCRYPTION_KEYS = [KEY]

    @contextmanager
    def lacking() -> Iterator[None]:
        settings.TOKEN_ENCRYPTION_KEYS = []
        yield
        settings.TOKEN_ENCRYPTION_KEYS = [KEY]

    return lacking


@pytest.mark.promise(44, 93)
def test_it_is_reported_and_not_counted_and_the_next_process_accepts_the_code(
    browser: Browser,
    new_browser: Callable[[], Browser],
    later: Callable[..., None],
    without_key: Callable[[], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    named = key_ids()[0]
    later()
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    with without_key():
        answers = [elsewhere.post(PROVE, {"code": code(secret)}) for _ in range(12)]

    assert {answer.status_code for answer in answers} == {503}
    assert b"cannot check codes of your app" in answers[0].content
    assert b"code is wrong" not in answers[0].content
    assert f"key={named}" in caplog.text
    assert {entry["reason"] for entry in details("factor.refused")} == {"key_missing"}
    assert elsewhere.account is None
    assert elsewhere.post(PROVE, {"code": code(secret)}).status_code == 302, "neither used nor braked"
    assert elsewhere.account


@pytest.mark.promise(44, 93)
def test_a_recovery_code_works_and_guessing_them_is_counted(
    browser: Browser, new_browser: Callable[[], Browser], without_key: Callable[[], Any], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    _, codes = add_app(browser)
    first, second = new_browser(), new_browser()
    for one in (first, second):
        one.sign_in("google", "ada")
    with without_key():
        first.post(PROVE, {"code": codes[0]})
        assert first.account
        guesses = [second.post(PROVE, {"code": f"2345-{number:05}"}).status_code for number in range(6)]
    assert guesses == [200] * 5 + [429]


@pytest.mark.promise(44, 93)
def test_a_reauthentication_is_not_a_wrong_code_either(
    browser: Browser, without_key: Callable[[], Any], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    later(minutes=11)
    with without_key():
        answers = [browser.post(proving(ANYWHERE), {"code": code(secret)}) for _ in range(7)]
    assert {answer.status_code for answer in answers} == {503}
    assert browser.post(proving(ANYWHERE), {"code": code(secret)}).status_code == 302


@pytest.mark.promise(44, 93)
def test_an_app_that_is_being_added_keeps_its_secret(browser: Browser, without_key: Callable[[], Any]) -> None:
    """A new secret would invalidate the one that was scanned, for good."""
    browser.sign_in("google", "ada")
    let_be_proven(browser)
    shown = secret_on(browser.get(APP).content)
    with without_key():
        answers = [browser.get(APP), browser.get(PICTURE), browser.post(APP, {"code": code(shown)})]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert secret_on(browser.get(APP).content) == shown
    assert browser.post(APP, {"code": code(shown)}).status_code == 200
    assert [entry["kind"] for entry in details("factor.added")] == ["totp", "recovery_codes"]
