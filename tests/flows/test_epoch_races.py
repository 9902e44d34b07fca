"""An act on a person and a sign-in of theirs at the same time, on separate connections: the act wins.

The kind of fault: each is in a transaction that the other cannot see, so the act finds no session to end, and the
sign-in finds nothing changed.
"""

from collections.abc import Callable
from threading import Event
from typing import Any

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.base import UpdateError
from django.db import transaction
from django.test import Client

from accounts.models import Identity, Session, User
from accounts.sessions import SessionRevocationReason, SessionStore, revoke_all_sessions
from accounts.sign_in.local.registration import open_local_account
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, refusals
from tests.flows.test_acts_and_what_waits import BACKCHANNEL, ENDED
from tests.flows.test_local_accounts import ANOTHER, NORA, PASSWORD
from tests.flows.test_local_accounts import sign_in as local_sign_in
from tests.support.claim_rules import rule
from tests.support.servers import Servers
from tests.support.together import together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

SOMEBODY_WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def waiting(servers: Servers, *, at_least: int = 1) -> None:
    """Return when this many connections wait for a lock."""
    with psycopg.connect(servers.superuser_url, autocommit=True) as watcher:

        def enough() -> bool:
            row = watcher.execute(SOMEBODY_WAITS).fetchone()
            return row is not None and row[0] >= at_least

        until(enough, seconds=30)


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE accounts_user SET password = 'another' WHERE id = %s",
        "UPDATE accounts_user SET is_staff = true WHERE id = %s",
        "UPDATE accounts_user SET second_factor_required = true WHERE id = %s",
        "UPDATE accounts_user SET email = 'nora@elsewhere.example' WHERE id = %s",
        "UPDATE accounts_user SET sign_in_epoch = clock_timestamp() WHERE id = %s",
    ],
)
@pytest.mark.promise(28, 95)
def test_a_password_verified_before_an_act_in_sql_opens_nothing_after_it(
    browser: Browser, servers: Servers, settings: Any, act: str
) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    person = open_local_account(NORA, "Nora", PASSWORD)

    def commit() -> None:
        waiting(servers)
        other.commit()

    with psycopg.connect(servers.runtime_url) as other:
        other.execute(act, [person.pk])
        answer, _ = together(lambda: local_sign_in(browser), commit)

    assert answer.headers["Location"] == ENDED
    assert refusals() == ["revoked_meanwhile"]
    assert (browser.account, Session.objects.filter(user=person).count()) == (None, 0)


@pytest.mark.promise(28, 95)
def test_a_sign_in_that_waits_for_its_identity_while_an_act_commits_opens_nothing(
    browser: Browser, new_browser: Callable[[], Browser], servers: Servers, provider: str
) -> None:
    browser.sign_in(provider, "ada")
    late = new_browser()
    callback = late.callback_url(provider, "ada")
    person = User.objects.get()
    acted = Event()

    def come_in() -> Any:
        assert acted.wait(timeout=30)
        return late.get(callback)

    def act() -> None:
        with transaction.atomic():
            revoke_all_sessions([person.pk], reason=SessionRevocationReason.ADMINISTRATOR)
            acted.set()
            waiting(servers)

    answer, _ = together(come_in, act)

    assert (browser.account, late.account) == (None, None)
    assert answer.headers["Location"] == ENDED


@pytest.mark.promise(28, 95)
def test_a_session_that_is_written_while_an_act_waits_for_it_is_ended_too(
    browser: Browser, new_browser: Callable[[], Browser], servers: Servers, provider: str
) -> None:
    """The sign-in locks its identity and waits for the table of sessions; the act has moved the epoch by then."""
    browser.sign_in(provider, "ada")
    late = new_browser()
    callback = late.callback_url(provider, "ada")
    person = User.objects.get()

    def act() -> None:
        waiting(servers)
        revoke_all_sessions([person.pk], reason=SessionRevocationReason.ADMINISTRATOR)

    def release() -> None:
        waiting(servers, at_least=2)
        blocker.rollback()

    with psycopg.connect(servers.superuser_url) as blocker:
        blocker.execute("LOCK TABLE public.accounts_session IN SHARE MODE")
        together(lambda: late.get(callback), act, release)

    assert (browser.account, late.account) == (None, None)
    assert Session.objects.filter(user=person).count() == 0


@pytest.mark.parametrize("named", [{}, {"sub": None}, {"sid": None}])
@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.promise(28, 38, 95)
def test_a_logout_token_that_comes_while_the_session_is_written_ends_it(
    new_browser: Callable[[], Browser], providers: Sandbox, servers: Servers, named: dict[str, None], *, is_new: bool
) -> None:
    """The answer is 200, and no session of that upstream session is left afterwards, even of a new person."""
    if not is_new:
        new_browser().sign_in("keycloak", "ada")
    late = new_browser()
    callback = late.callback_url("keycloak", "ada")
    token = providers.logout_token(providers.sessions("keycloak")[-1].sid, **named)

    def tell() -> int:
        waiting(servers)
        status: int = Client().post(BACKCHANNEL, {"logout_token": token}).status_code
        blocker.rollback()
        return status

    def release() -> None:
        if not is_new and named != {"sub": None}:
            waiting(servers, at_least=2)
            blocker.rollback()

    with psycopg.connect(servers.superuser_url) as blocker:
        blocker.execute("LOCK TABLE public.accounts_session IN SHARE MODE")
        _, status, _ = together(lambda: late.get(callback), tell, release)

    assert status == 200
    assert late.account is None


@pytest.mark.promise(28, 95)
def test_a_sign_in_that_changes_roles_does_not_wait_for_an_act_on_the_person(
    browser: Browser, new_browser: Callable[[], Browser], servers: Servers
) -> None:
    """The act may be waiting for the identity that the sign-in has locked: the two would deadlock."""
    browser.sign_in("keycloak", "grace")
    rule("keycloak", "groups", "/engineering/compilers")
    late = new_browser()
    callback = late.callback_url("keycloak", "grace")
    person = Identity.objects.get().user_id

    with psycopg.connect(servers.runtime_url) as other:
        other.execute("SELECT FROM accounts_user WHERE id = %s FOR NO KEY UPDATE", [person])
        answer = late.get(callback)

    assert answer.headers["Location"] == ENDED
    assert late.account is None
    late.sign_in("keycloak", "grace")
    assert late.account == str(person)


@pytest.mark.promise(28, 95)
def test_a_session_that_ended_during_a_request_does_not_come_back_by_its_new_key(
    browser: Browser,
) -> None:
    browser.sign_in("google", "ada")
    under_way = SessionStore(browser.key)
    assert under_way.person
    revoke_all_sessions([under_way.person.pk], reason=SessionRevocationReason.ADMINISTRATOR)
    under_way.cycle_key()

    with pytest.raises(UpdateError):
        under_way.save()
    assert Session.objects.count() == 0


@pytest.mark.parametrize("is_reset", [True, False])
@pytest.mark.promise(28, 95)
def test_a_password_that_is_hashed_again_is_not_written_over_a_newer_one(settings: Any, *, is_reset: bool) -> None:
    """The kind of fault: a value that was read before an act is written after it, which undoes the act."""
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user = open_local_account(NORA, "Nora", None)
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    judged = User.objects.get(pk=user.pk)
    if is_reset:
        User.objects.filter(pk=user.pk).update(password=make_password(ANOTHER))

    assert judged.check_password(PASSWORD)
    now = User.objects.get(pk=user.pk)
    assert now.check_password(ANOTHER if is_reset else PASSWORD)
    assert (judged.sign_in_epoch == now.sign_in_epoch) is not is_reset, "its own writing is no act"


@pytest.mark.promise(28, 95)
def test_a_whole_row_saved_from_an_older_copy_leaves_the_epoch_where_it_is() -> None:
    older = User.objects.create_user(name="Ada")
    revoke_all_sessions([older.pk], reason=SessionRevocationReason.OWNER)
    moved = User.objects.get(pk=older.pk).sign_in_epoch
    older.name = "Ada Lovelace"
    older.save()

    assert moved is not None
    assert User.objects.get(pk=older.pk).sign_in_epoch == moved
