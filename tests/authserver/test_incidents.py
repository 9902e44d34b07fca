"""Incidents: who holds the same tokens twice is shown to the person and to administrators, with the evidence."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.mailing.notice_texts import NOTICE_TEXTS, Notice
from accounts.models import User
from audit.models import Entry
from authserver.models import RefreshPolicy, TokenFamily
from tests.support.administrator import administrator, root
from tests.support.authorized import App, later, refused
from tests.support.notices import promised
from tests.support.proven import proven

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db

HOME, SAME_NETWORK, ELSEWHERE = "198.51.100.7", "198.51.100.200", "203.0.113.9"
PAGE = "/accounts/apps/"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(username="ada", name="Ada", email="ada@example.com", email_verified=True)


def at(app: App, address: str, program: str = "agent/1") -> App:
    """The same app, at this address."""
    return App(client=app.client, secret=app.secret, browser=Browser(REMOTE_ADDR=address, HTTP_USER_AGENT=program))


def reused(app: App, ada: User) -> None:
    token = app.tokens(ada)["refresh_token"]
    at(app, HOME).refresh(token)
    later(minutes=5)
    assert refused(at(app, ELSEWHERE, "curl/8").refresh(token)) == "invalid_grant"


def repeated(app: App, ada: User) -> None:
    token = app.tokens(ada)["refresh_token"]
    at(app, HOME).refresh(token)
    assert at(app, ELSEWHERE, "curl/8").refresh(token).status_code == 200


def code_reused(app: App, ada: User) -> None:
    code = app.authorized(ada)
    assert app.redeem(code).status_code == 200
    other = at(app, ELSEWHERE, "curl/8")
    other.verifier = app.verifier
    assert refused(other.redeem(code)) == "invalid_grant"


def entry_of(action: str) -> Entry:
    return Entry.objects.get(action=action)


@pytest.mark.promise(60)
@pytest.mark.parametrize(
    ("act", "action"), [(reused, "tokens.reused"), (code_reused, "tokens.reused"), (repeated, "tokens.repeated")]
)
def test_the_person_and_administrators_see_the_evidence(
    ada: User, administrator: Browser, act: Callable[[App, User], None], action: str
) -> None:
    app = App.registered(name="Ledger", refresh_policy=RefreshPolicy.AGENT if act is repeated else RefreshPolicy.WEB)
    act(app, ada)

    own = proven(ada).get(PAGE).content.decode()
    assert "What happened" in own
    told = own[own.index("What happened") :]
    assert all(text in told for text in ("Ledger", f"{ELSEWHERE}, curl", "127.0.0.1" if act is code_reused else HOME))
    entry = entry_of(action)
    shown = administrator.get(f"/admin/audit/entry/{entry.pk}/change/").content.decode()
    family = TokenFamily.objects.get()
    assert all(text in shown for text in (ELSEWHERE, "curl/8", str(family.pk), app.client.client_id))
    assert entry.details is not None
    assert {"generation", "refreshed_at", "family", "app"} <= set(entry.details)


@pytest.mark.parametrize("act", [reused, code_reused])
def test_a_revocation_is_mailed_to_the_person(ada: User, act: Callable[[App, User], None]) -> None:
    act(App.registered(name="Ledger"), ada)
    (mail,) = promised()
    assert (mail.to, mail.subject) == ("ada@example.com", str(NOTICE_TEXTS[Notice.TOKENS_REUSED].subject))
    assert "Ledger" in mail.text


def test_nobody_else_sees_it(ada: User) -> None:
    reused(App.registered(name="Ledger"), ada)
    bob = User.objects.create_user(username="bob", name="Bob")
    assert "What happened" not in proven(bob).get(PAGE).content.decode()


@pytest.mark.promise(60)
def test_an_agent_that_repeats_in_one_network_is_no_incident(ada: User) -> None:
    app = App.registered(refresh_policy=RefreshPolicy.AGENT)
    token = at(app, HOME).refresh(app.tokens(ada)["refresh_token"]).json()["refresh_token"]
    at(app, HOME).refresh(token)
    for address in (HOME, SAME_NETWORK, f"::ffff:{HOME}"):
        assert at(app, address).refresh(token).status_code == 200
    assert not Entry.objects.filter(action="tokens.repeated").exists()
    assert TokenFamily.objects.get().repeats == 3


@pytest.mark.promise(60)
def test_a_thief_who_only_follows_the_agent_is_seen_by_the_network_and_changes_nothing(ada: User) -> None:
    app = App.registered(refresh_policy=RefreshPolicy.AGENT)
    token = app.tokens(ada)["refresh_token"]
    for _ in range(4):
        new: Any = at(app, HOME).refresh(token).json()["refresh_token"]
        later(minutes=5)
        assert at(app, ELSEWHERE).refresh(token).json()["refresh_token"] == new
        later(minutes=5)
        token = new
    entry = entry_of("tokens.repeated")
    assert entry.details is not None
    assert (entry.details["repeats"], entry.details["generation"]) == (1, 1), "the first time is recorded, and once"
    assert TokenFamily.objects.get().repeat_networks == ["198.51.100.0/24", "203.0.113.0/24"]
    assert TokenFamily.objects.get().revoked_at is None


def test_a_client_of_the_web_that_repeats_is_no_incident(ada: User) -> None:
    app = App.registered()
    repeated(app, ada)
    assert not Entry.objects.filter(action="tokens.repeated").exists()
