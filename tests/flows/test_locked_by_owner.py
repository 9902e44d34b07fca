"""Why an account is deactivated is told to its owner after authentication, and to nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts import cut_off
from accounts.models import CutOff, User
from tests.flows.conftest import Browser, refusals

pytestmark = pytest.mark.django_db


def lock(browser: Browser, provider: str) -> User:
    browser.sign_in(provider, "ada")
    browser.post("/accounts/lock/")
    return User.objects.get()


def test_a_person_who_locked_their_account_is_told_so_and_when(
    browser: Browser, provider: str, time_machine: Any
) -> None:
    """The kind of fault: the reason of another case is shown (ux A7)."""
    time_machine.move_to("2026-11-28T12:00:00+00:00", tick=True)
    lock(browser, provider)
    page = browser.sign_in(provider, "ada")

    assert page.status_code == 403
    assert b"You locked this account on 28 Nov 2026." in page.content
    assert b"Ask an administrator to unlock it" in page.content
    assert b"switched" not in page.content
    assert refusals() == ["locked_by_owner"]


def cut_off_by_administrator(user: User) -> None:
    cut_off.cut_off(user, by=CutOff.By.ADMINISTRATOR, reason="stolen", close=True)


def cut_off_by_command(user: User) -> None:
    cut_off.cut_off(user, by=CutOff.By.COMMAND, reason="stolen", close=True)


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def opened(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=True)


def opened_and_closed(user: User) -> None:
    opened(user)
    deactivate(user)


def lock_and_leave_open(user: User) -> None:
    cut_off.cut_off(user, by=CutOff.By.OWNER, close=False)
    deactivate(user)


@pytest.mark.parametrize("closed_by", [cut_off_by_administrator, cut_off_by_command, deactivate, lock_and_leave_open])
def test_others_are_told_that_it_was_an_administrator(browser: Browser, closed_by: Callable[[User], None]) -> None:
    browser.sign_in("google", "ada")
    closed_by(User.objects.get())

    assert b"an administrator has switched your account off" in browser.sign_in("google", "ada").content
    assert refusals() == ["account_deactivated"]


@pytest.mark.parametrize("then", [cut_off_by_administrator, cut_off_by_command, opened_and_closed])
def test_what_an_administrator_did_after_the_lock_counts(browser: Browser, then: Callable[[User], None]) -> None:
    then(lock(browser, "google"))

    assert b"You locked" not in browser.sign_in("google", "ada").content
    assert refusals() == ["account_deactivated"]


def test_a_reactivated_account_is_active(browser: Browser) -> None:
    opened(lock(browser, "google"))

    assert browser.sign_in("google", "ada").status_code == 302


def test_after_an_erasure_nobody_is_told(browser: Browser) -> None:
    user = lock(browser, "google")
    call_command("erase_person", user=str(user.pk), reason="asked for it")

    assert browser.sign_in("google", "ada").status_code == 302
    assert User.objects.get().pk != user.pk


def test_strangers_learn_nothing_of_it(browser: Browser, new_browser: Callable[[], Browser], settings: Any) -> None:
    """The kind of fault: a page reveals who has an account, and its state (an oracle)."""
    settings.LOCAL_ACCOUNTS = "open"
    User.objects.create_user(
        username="nina", email="nina@example.com", email_verified=True, password="Correct-horse-battery-1"
    )
    user = User.objects.get(username="nina")
    answers = []
    for _ in range(2):
        for password in ("Correct-horse-battery-1x", "wrong-horse-battery-2"):
            posted = {"name": "nina", "password": password}
            answers.append(new_browser().post("/accounts/local/login/", posted))
        cut_off.cut_off(user, by=CutOff.By.OWNER, close=True)
    assert timezone.now() > user.created_at

    assert {answer.status_code for answer in answers} == {422}
    assert not any(b"lock" in answer.content.lower() for answer in answers)
