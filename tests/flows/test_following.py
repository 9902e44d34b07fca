"""The Keycloak sessions that a session of ours follows: those of the last authentication by each identity."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Identity, Session, User
from accounts.sessions.upstream_tracking import tracking
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import add_app
from tests.flows.proofs import let_be_proven
from tests.flows.test_acts_and_what_waits import BACKCHANNEL
from tests.flows.test_backchannel import ended, tell

pytestmark = pytest.mark.django_db


def row(browser: Browser) -> Session:
    return Session.objects.of_browser(browser.key).get()


def is_in(browser: Browser) -> bool:
    return browser.account is not None


def newest(providers: Sandbox) -> str:
    """Keycloak's id of the session that it opened last."""
    return providers.sessions("keycloak")[-1].sid


def end_there(providers: Sandbox, sid: str) -> None:
    assert tell(providers, providers.logout_token(sid)) == 200


@pytest.mark.parametrize("which", ["opened", "proven_last"])
@pytest.mark.promise(38)
def test_a_reauthentication_in_a_new_upstream_session_is_followed(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, later: Callable[..., None], which: str
) -> None:
    """The kind of fault: a session follows only its first upstream session, and none of later reauthentications."""
    elsewhere = new_browser()
    elsewhere.sign_in("keycloak", "ada")
    browser.sign_in("keycloak", "ada")
    sids = {"opened": newest(providers)}
    later(minutes=11)
    browser.sign_in("keycloak", "ada", process="reauthenticate")
    sids["between"] = newest(providers)
    browser.sign_in("keycloak", "ada", process="reauthenticate")
    sids["proven_last"] = newest(providers)

    assert len(set(sids.values())) == 3
    assert row(browser).upstream_sid == sids["proven_last"]
    assert [one["sid"] for one in row(browser).upstream_sessions] == [sids["opened"], sids["proven_last"]]
    end_there(providers, sids["between"])
    assert is_in(browser)
    end_there(providers, sids[which])
    assert not is_in(browser)
    assert elsewhere.account, "and nobody else"
    assert [because for _, because in ended()] == ["provider"]


@pytest.mark.parametrize("opened_by", ["google", "microsoft", "github"])
@pytest.mark.promise(38)
def test_an_identity_that_was_connected_is_followed_too(browser: Browser, providers: Sandbox, opened_by: str) -> None:
    browser.sign_in(opened_by, "ada")
    browser.connect("keycloak", "ada")
    assert (row(browser).provider, row(browser).upstream_sid) == (opened_by, "")
    end_there(providers, newest(providers))

    assert browser.account is None


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.promise(38)
def test_two_identities_of_one_session_are_both_followed(browser: Browser, providers: Sandbox, which: int) -> None:
    browser.sign_in("keycloak", "ada")
    sids = [newest(providers)]
    browser.connect("keycloak", "grace")
    sids.append(newest(providers))

    assert row(browser).upstream_sid == sids[0], "signing out there too is for who opened it"
    end_there(providers, sids[which])
    assert browser.account is None


@pytest.mark.promise(38)
def test_a_logout_token_for_the_person_ends_reauthenticated_sessions_too(browser: Browser, providers: Sandbox) -> None:
    browser.sign_in("github", "ada")
    browser.connect("keycloak", "ada")
    token = providers.logout_token(newest(providers), sid=None)

    assert tell(providers, token) == 200
    assert browser.account is None


@pytest.mark.promise(38)
def test_a_session_that_names_another_person_ends_nothing(browser: Browser, providers: Sandbox) -> None:
    """The kind of fault: only one of two names is checked."""
    browser.sign_in("keycloak", "ada")
    sid = newest(providers)
    browser.connect("keycloak", "grace")
    grace = Identity.objects.get(name__startswith="Grace")

    assert tell(providers, providers.logout_token(sid, sub=grace.subject)) == 200
    assert browser.account, "that session there is Ada's"


@pytest.mark.promise(38)
def test_a_second_step_and_a_new_key_lose_nothing(browser: Browser, providers: Sandbox) -> None:
    browser.sign_in("keycloak", "ada")
    before = row(browser).upstream_sessions
    browser.post("/accounts/second-factor/recovery-codes/")
    browser.connect("google", "ada")

    assert row(browser).upstream_sessions == before != []


@pytest.mark.parametrize("process", ["reauthenticate", "connect"])
@pytest.mark.promise(38)
def test_a_reauthentication_from_an_upstream_session_that_has_ended_does_not_count(
    browser: Browser, providers: Sandbox, process: str
) -> None:
    """The kind of fault: a logout token came before the reauthentication, whose session nothing ends any more."""
    browser.sign_in("github", "ada")
    if process == "reauthenticate":
        browser.connect("keycloak", "ada")
    let_be_proven(browser)
    before = row(browser).upstream_sessions
    callback = browser.callback_url("keycloak", "ada", process=process)
    Client().post(BACKCHANNEL, {"logout_token": providers.logout_token(newest(providers), sub=None)})
    refused = browser.get(callback)

    assert (refused.status_code, refusals()) == (403, ["not_reauthenticated_at_provider"])
    assert row(browser).upstream_sessions == before
    assert Identity.objects.count() == (2 if process == "reauthenticate" else 1)


@pytest.mark.promise(38)
def test_a_pending_sign_ins_upstream_session_is_not_the_next_ones(browser: Browser) -> None:
    """The kind of fault: a browser's row is reused, and another person's sign-in follows the first one's session."""
    browser.sign_in("keycloak", "ada")
    add_app(browser)
    browser.post("/accounts/logout/")
    browser.sign_in("keycloak", "ada")
    assert (browser.account, len(row(browser).upstream_sessions)) == (None, 1), "it waits, and will follow"

    User.objects.create_superuser(username="root", password="a lantern in the stairwell", name="Root")
    browser.post("/admin/login/", {"username": "root", "password": "a lantern in the stairwell", "next": "/admin/"})
    assert (row(browser).upstream_sid, row(browser).upstream_sessions) == ("", [])


@pytest.mark.promise(38)
def test_followed_sessions_are_found_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Session.objects.order_by().filter(tracking(provider="keycloak", sid="of-there")).explain()

    assert "session_follows" in plan
