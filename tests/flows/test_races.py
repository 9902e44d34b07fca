"""Races: concurrent first sign-ins, a callback opened repeatedly, a process killed in the middle."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import psycopg
import pytest
from django.test import Client

from accounts.models import Identity, Session, User
from config.variables import CHECKOUT
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.servers import Servers
from tests.support.together import together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

# A worker of the product for one callback: it gets its cookie, its URL and nothing else.
WORKER = """
import sys, django
django.setup()
from django.test import Client
print(Client().get(sys.argv[1], headers={"cookie": sys.argv[2], "host": "127.0.0.1"}).status_code)
"""


def status(browser: Browser, url: str) -> int:
    found: int = browser.get(url).status_code
    return found


@pytest.mark.promise(32)
def test_eight_concurrent_first_sign_ins_of_one_person_open_one_account(
    new_browser: Callable[[], Browser], provider: str
) -> None:
    new_browser().sign_in(provider, "grace")  # her sign-in fetches the keys, for which only some of the eight may wait
    browsers = [new_browser() for _ in range(8)]
    callbacks = [browser.callback_url(provider, "ada") for browser in browsers]
    statuses = together(*[partial(status, *pair) for pair in zip(browsers, callbacks, strict=True)])

    assert statuses == [302] * 8
    assert (User.objects.count(), Identity.objects.count(), Session.objects.count()) == (2, 2, 9)
    assert len({browser.account for browser in browsers} - {None}) == 1


@pytest.mark.promise(25, 32)
def test_two_people_who_claim_one_address_at_once_do_not_share_an_account(new_browser: Callable[[], Browser]) -> None:
    ada, mallory = new_browser(), new_browser()
    of_ada, of_mallory = ada.callback_url("google", "ada"), mallory.callback_url("keycloak", "mallory")
    statuses = together(lambda: ada.get(of_ada).status_code, lambda: mallory.get(of_mallory).status_code)

    assert sorted(statuses) == [302, 409]
    assert (User.objects.count(), Identity.objects.count()) == (1, 1)


@pytest.mark.promise(19)
def test_one_callback_opened_six_times_concurrently_redeems_its_code_once(
    browser: Browser, providers: Sandbox, provider: str
) -> None:
    callback = browser.callback_url(provider, "ada")
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.client.cookies.items())

    def open_it() -> int:
        return Client(raise_request_exception=False).get(callback, headers={"cookie": cookies}).status_code

    assert sorted(together(*[open_it] * 6)) == [302] + [400] * 5
    assert [entry.code_from for entry in providers.entries(provider) if entry.code_from] == [provider]
    assert Session.objects.count() == 1


@pytest.mark.promise(28)
def test_a_sign_in_that_meets_its_own_disconnection_does_not_outlive_it(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    browser.sign_in("google", "ada")
    browser.connect("keycloak", "ada")
    gone = Identity.objects.get(provider="keycloak")
    thief = new_browser()
    callback = thief.callback_url("keycloak", "ada")
    disconnecting = f"/accounts/connections/{gone.pk}/disconnect/"
    statuses = together(lambda: thief.get(callback).status_code, lambda: browser.post(disconnecting).status_code)

    assert all(status < 500 for status in statuses)
    # Either the sign-in came first and its session was revoked with the others, or it came later and clashes.
    assert thief.account is None
    assert browser.account is not None


@pytest.mark.process
@pytest.mark.promise(33)
@pytest.mark.parametrize("locked", ["accounts_user", "accounts_identity", "accounts_session"])
def test_a_process_killed_in_a_first_sign_in_leaves_nothing_half_done(
    new_browser: Callable[[], Browser], servers: Servers, provider: str, locked: str
) -> None:
    """The worker waits for a table lock in the middle of its writes, and is killed there."""
    browser = new_browser()
    callback = browser.callback_url(provider, "ada")
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.client.cookies.items())
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    with psycopg.connect(servers.superuser_url) as blocker:
        blocker.execute(f"LOCK TABLE public.{locked} IN SHARE MODE")
        command = [sys.executable, "-c", WORKER, callback, cookies]
        with (
            psycopg.connect(servers.superuser_url, autocommit=True) as watcher,
            subprocess.Popen(command, cwd=CHECKOUT, env=environment) as worker,
        ):
            try:
                until(lambda: _waiting(watcher), seconds=120)
            finally:
                worker.send_signal(signal.SIGKILL)
            blocker.rollback()
            until(lambda: not _waiting(watcher), seconds=60)

    assert (User.objects.count(), Identity.objects.count(), Session.objects.count()) == (0, 0, 0)
    assert browser.get(callback).status_code == 400  # its attempt is used up: the person starts again
    assert browser.sign_in(provider, "ada").status_code == 302
    assert (User.objects.count(), Identity.objects.count()) == (1, 1)


def _waiting(watcher: psycopg.Connection[tuple[int]]) -> bool:
    row = watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return row is not None and row[0] > 0
