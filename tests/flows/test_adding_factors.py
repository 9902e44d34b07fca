"""Adding and removing second factors, voluntarily and where one is required."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in

from accounts.models import Session, User
from accounts.sign_in.factors import totp
from accounts.sign_in.factors.views import NEW_APP
from audit.models import Entry
from foundation.encryption import encrypt
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.factors import (
    APP,
    CODES,
    LIST,
    NEEDED,
    PASSKEY,
    PICTURE,
    PROVE,
    add_app,
    details,
    on_the_way,
    with_words,
)
from tests.flows.proofs import let_be_proven
from tests.support.authenticator import code, recovery_codes_on, secret_on
from tests.support.together import together

pytestmark = pytest.mark.django_db


def test_no_secret_is_in_the_table_the_session_or_the_trail(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    half_way = secret_on(browser.get(APP).content)
    in_session = str(browser.client.session.items())
    secret, codes = add_app(browser)
    kept = str([row.data for row in Authenticator.objects.all()])
    trail = str(list(Entry.objects.values_list("before", "after", "details")))

    assert half_way == secret
    for word in (secret, *codes, *(one.replace("-", "") for one in codes)):
        assert word not in kept
        assert word not in in_session
        assert word not in trail
    assert kept.split("'secret': '")[1][:20] not in trail


def test_adding_and_removing_end_the_other_sessions_and_are_recorded(
    browser: Browser, new_browser: Callable[[], Browser], provider: str, later: Callable[..., None]
) -> None:
    elsewhere = new_browser()
    elsewhere.sign_in(provider, "ada")
    browser.sign_in(provider, "ada")
    before = browser.key
    secret, _ = add_app(browser)
    assert (elsewhere.account, browser.account is None) == (None, False)
    assert browser.key != before

    later()
    elsewhere.sign_in(provider, "ada")
    elsewhere.post(PROVE, {"code": code(secret)})
    assert elsewhere.account == browser.account
    app = Authenticator.objects.get(type="totp")
    assert b"Remove Authenticator app?" in browser.get(f"{LIST}{app.pk}/remove/").content
    removed = browser.post(f"{LIST}{app.pk}/remove/")

    assert removed.headers["Location"] == LIST
    assert (elsewhere.account, browser.account is None) == (None, False)
    assert not Authenticator.objects.exists()
    assert [found["kind"] for found in details("factor.added")] == ["totp", "recovery_codes"]
    assert sorted(found["kind"] for found in details("factor.removed")) == ["recovery_codes", "totp"]
    assert [found["reason"] for found in details("session.revoked")] == ["factor_added", "factor_removed"]
    assert new_browser().sign_in(provider, "ada").headers["Location"] == "/accounts/"


@pytest.mark.parametrize("path", [APP, PASSKEY, CODES, f"{LIST}1/remove/", NEEDED])
def test_nothing_changes_without_reauthentication(browser: Browser, later: Callable[..., None], path: str) -> None:
    browser.sign_in("google", "ada")
    add_app(browser)
    app = Authenticator.objects.get(type="totp").pk
    path = path.replace("/1/", f"/{app}/")
    assert browser.get(path).status_code == 200
    later(minutes=11)

    for answer in (browser.get(path), browser.post(path, {"code": "000000"})):
        assert answer.status_code == 405 or answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    assert Authenticator.objects.count() == 2


def test_nobody_changes_another_persons_factors(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    browser.sign_in("google", "ada")
    add_app(browser)
    stranger = new_browser()
    stranger.sign_in("google", "grace")
    add_app(stranger)

    for row in Authenticator.objects.filter(user=browser.account):
        assert stranger.get(f"{LIST}{row.pk}/remove/").status_code == 404
        assert stranger.post(f"{LIST}{row.pk}/remove/").status_code == 404
    assert Authenticator.objects.count() == 4


def test_new_recovery_codes_are_shown_once_and_end_the_old(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    browser.sign_in(provider, "ada")
    _, old = add_app(browser)
    new = recovery_codes_on(browser.post(CODES).content)
    stranger, owner = new_browser(), new_browser()
    stranger.sign_in(provider, "ada")
    owner.sign_in(provider, "ada")

    assert stranger.post(PROVE, {"code": old[0]}).status_code == 200
    assert owner.post(PROVE, {"code": new[0]}).status_code == 302
    assert not recovery_codes_on(browser.get(CODES).content)


def test_there_is_one_app_whatever_another_tab_shows(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    other_tab = totp.new_secret()
    add_app(browser)
    session = browser.client.session
    session[NEW_APP] = encrypt(other_tab, owner=browser.account, purpose=NEW_APP)
    session.save()

    assert b"You can have one app at a time" in browser.get(APP).content
    assert browser.post(APP, {"code": code(other_tab)}).headers["Location"] == LIST
    assert Authenticator.objects.filter(type="totp").count() == 1


def test_the_qr_code_exists_while_its_secret_is_shown(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    assert browser.get(PICTURE).status_code == 404
    browser.get(APP)
    picture = browser.get(PICTURE)

    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/svg+xml")
    assert "no-store" in picture.headers["Cache-Control"]
    assert b"style" not in picture.content
    add_app(browser)
    assert browser.get(PICTURE).status_code == 404


def required_of(persona: str, browser: Browser, provider: str) -> User:
    browser.sign_in(provider, persona)
    browser.post("/accounts/logout/")
    person = User.objects.get()
    person.second_factor_required = True
    person.save()
    return person


def test_a_person_who_needs_a_factor_adds_it_before_anything_else(browser: Browser, provider: str) -> None:
    person = required_of("ada", browser, provider)
    asked = browser.sign_in(provider, "ada", next="/accounts/sessions/")

    assert asked.headers["Location"] == on_the_way(NEEDED, "/accounts/sessions/")
    assert b"An administrator requires a second step" in browser.get(NEEDED).content
    for path in ("/accounts/", LIST, CODES, "/accounts/reauthenticate/", "/accounts/connections/"):
        assert browser.get(path).headers["Location"].startswith("/accounts/login/")
    assert browser.get(PROVE).headers["Location"] == NEEDED
    assert {browser.account} == {None}

    shown = browser.post(APP, {"code": code(secret_on(browser.get(APP).content))})
    assert len(recovery_codes_on(shown.content)) == 10
    assert b'href="/accounts/sessions/"' in shown.content
    assert {browser.account} == {str(person.pk)}
    assert details("sign_in.succeeded")[-1]["steps"] == ["socialaccount", "mfa"]


def test_a_person_who_needs_a_factor_cannot_remove_the_last(browser: Browser) -> None:
    required_of("ada", browser, "google")
    browser.sign_in("google", "ada")
    browser.post(APP, {"code": code(secret_on(browser.get(APP).content))})
    app = Authenticator.objects.get(type="totp")

    assert b"so this one stays" in browser.get(LIST).content
    kept = browser.post(f"{LIST}{app.pk}/remove/")
    assert kept.status_code == 409
    assert b"this is the last one" in kept.content
    assert Authenticator.objects.count() == 2


def test_a_second_factor_at_the_provider_is_enough(browser: Browser, providers: Sandbox) -> None:
    with_words(providers, "keycloak", amr=["mfa"])
    required_of("vera", browser, "keycloak")

    assert browser.sign_in("keycloak", "vera").headers["Location"] == "/accounts/"


def test_the_first_step_alone_cannot_add_another_factor(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    browser.sign_in("google", "ada")
    add_app(browser)
    thief = new_browser()
    thief.sign_in("google", "ada")

    for path in (APP, PICTURE, PASSKEY, NEEDED):
        assert thief.get(path).headers["Location"] == PROVE
    assert thief.post(APP, {"code": "000000"}).headers["Location"] == PROVE
    assert thief.get(CODES).status_code == thief.post(CODES).status_code == 302
    assert thief.account is None


def test_on_an_ip_address_the_page_says_what_passkeys_need(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")

    assert b"Browsers keep passkeys for host names only" in browser.get(PASSKEY).content
    assert b"PUBLIC_URL=http://localhost:8000" in browser.get(LIST).content


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(28, 32)
def test_a_pending_sign_in_does_not_bypass_a_factor_that_is_being_added(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    browser.sign_in(provider, "ada")
    let_be_proven(browser)
    secret = secret_on(browser.get(APP).content)
    others = [new_browser() for _ in range(4)]
    callbacks = [other.callback_url(provider, "ada") for other in others]

    def come_in(place: int) -> Callable[[], Any]:
        return lambda: others[place].get(callbacks[place])

    together(lambda: browser.post(APP, {"code": code(secret)}), *(come_in(place) for place in range(4)))

    assert browser.account is not None
    assert [other.account for other in others] == [None] * 4


@pytest.fixture
def added_at_the_last_moment() -> Iterator[None]:
    """Add a factor after the sign-in has looked for one and before its session is written."""

    def add(user: User, **_: Any) -> None:
        Authenticator.objects.create(user=user, type="webauthn", data={})

    user_logged_in.connect(add)
    yield
    user_logged_in.disconnect(add)


def test_a_factor_that_appears_at_the_last_moment_stops_the_sign_in(
    browser: Browser, new_browser: Callable[[], Browser], provider: str, added_at_the_last_moment: None
) -> None:
    stopped = browser.sign_in(provider, "ada")

    assert stopped.status_code == 409
    assert b"Please start again" in stopped.content
    assert browser.account is None
    assert Session.objects.count() == 0
    assert not Entry.objects.filter(action="sign_in.succeeded").exists()
    assert [found["reason"] for found in details("sign_in.refused")] == ["factor_added_meanwhile"]


def test_a_factor_that_appears_at_the_last_moment_stops_a_local_password_too(
    browser: Browser, added_at_the_last_moment: None
) -> None:
    User.objects.create_superuser(username="root", password="a lantern in the stairwell")
    stopped = browser.post("/admin/login/", {"username": "root", "password": "a lantern in the stairwell"})

    assert (stopped.status_code, stopped.headers["Location"]) == (302, "/admin/login/")
    assert browser.account is None
    assert Session.objects.count() == 0
