"""Modules about who is asked for what: ``prompt``, ``max_age`` and the hints."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.authserver.conformance.suite import Suite

pytestmark = pytest.mark.django_db

ASKED_AGAIN = ["/accounts/reauthenticate/"]


@pytest.fixture
def after(time_machine: Any) -> Callable[[int], None]:
    """Let seconds pass."""

    def move(seconds: int) -> None:
        time_machine.move_to(datetime.now(UTC) + timedelta(seconds=seconds))

    return move


def pages(suite: Suite) -> list[str]:
    """Return the pages that the person saw, without the form by which an answer may come back to the client."""
    seen = [*suite.person.seen]
    suite.person.seen.clear()
    return seen[:-1] if suite.response_mode == "form_post" else seen


def test_oidcc_prompt_login(suite: Suite, after: Callable[[int], None]) -> None:
    """`prompt=login` asks a person who is signed in again, and `auth_time` is later."""
    first = suite.sign_in()
    pages(suite)
    after(2)

    second = suite.sign_in(prompt="login")

    assert pages(suite) == ASKED_AGAIN
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] > first.claims["auth_time"]


@pytest.mark.promise(65)
def test_oidcc_prompt_none_not_logged_in(suite: Suite) -> None:
    """`prompt=none` for a visitor is answered to the client with `login_required`, without a page."""
    answer = suite.authorize(prompt="none")

    assert answer["error"] == "login_required"
    assert pages(suite) == []


@pytest.mark.promise(65)
def test_oidcc_prompt_none_logged_in(suite: Suite) -> None:
    """`prompt=none` for a person who is signed in shows no page; `sub` and `auth_time` stay the same."""
    first = suite.sign_in()
    pages(suite)

    second = suite.sign_in(prompt="none")

    assert pages(suite) == []
    assert {name: second.claims[name] for name in ("sub", "auth_time")} == {
        name: first.claims[name] for name in ("sub", "auth_time")
    }


def test_oidcc_max_age_1(suite: Suite, after: Callable[[int], None]) -> None:
    """`max_age=1` after two seconds asks the person again; `auth_time` is there, later, and recent enough."""
    first = suite.sign_in()
    pages(suite)
    after(2)

    second = suite.sign_in(max_age="1")

    assert pages(suite) == ASKED_AGAIN
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["iat"] - second.claims["auth_time"] <= 1


def test_oidcc_max_age_10000(suite: Suite, after: Callable[[int], None]) -> None:
    """`max_age=10000` shows no page to a person who has just signed in; `auth_time` is there and the same."""
    first = suite.sign_in(max_age="10000")
    pages(suite)
    after(2)

    second = suite.sign_in(max_age="10000")

    assert pages(suite) == []
    assert second.claims["auth_time"] == first.claims["auth_time"]


def test_oidcc_id_token_hint(suite: Suite) -> None:
    """`id_token_hint` with `prompt=none` shows no page to the person whom it names, and `sub` is the same."""
    first = suite.sign_in()
    pages(suite)

    second = suite.sign_in(prompt="none", id_token_hint=first.tokens["id_token"])

    assert pages(suite) == []
    assert second.claims["sub"] == first.claims["sub"]


def test_oidcc_login_hint(suite: Suite) -> None:
    """`login_hint` does no harm, even if it names somebody else."""
    assert suite.sign_in(login_hint="bob@example.com").claims


def test_oidcc_ui_locales(suite: Suite) -> None:
    """`ui_locales` with a language that we do not speak does no harm."""
    assert suite.sign_in(ui_locales="se").claims


def test_oidcc_claims_locales(suite: Suite) -> None:
    """`claims_locales` does no harm."""
    assert suite.sign_in(claims_locales="se").claims


def test_oidcc_ensure_request_with_acr_values_succeeds(suite: Suite) -> None:
    """`acr_values` that we do not know do no harm, and the ID token says how the person signed in (`acr`)."""
    assert suite.sign_in(acr_values="1 2").claims["acr"] == "single"
