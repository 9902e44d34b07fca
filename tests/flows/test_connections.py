"""Connecting and disconnecting sign-in methods, and who may not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Identity, Session, User
from audit.models import Entry
from tests.flows.conftest import Browser, another, refusals
from tests.flows.proofs import NEVER_DATED, let_be_proven, prove_by_mail
from tests.support.together import together

pytestmark = pytest.mark.django_db

PROVE = "/accounts/reauthenticate/?next=%2Faccounts%2Fconnections%2F%3Fconnect"


def events() -> list[str]:
    return list(Entry.objects.filter(source="event").order_by("id").values_list("action", flat=True))


def endings() -> list[str]:
    """The reasons of all sessions in the trail that were ended early."""
    entries = Entry.objects.filter(action="session.revoked").order_by("id")
    return [entry.details["reason"] for entry in entries if entry.details]


def disconnect(browser: Browser, identity: Identity) -> Any:
    """Disconnect an identity right after a reauthentication."""
    let_be_proven(browser)
    return browser.post(f"/accounts/connections/{identity.pk}/disconnect/")


def with_two_ways_in(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    browser.connect(another(provider), "ada")


@pytest.mark.promise(27, 28)
def test_a_second_sign_in_method_is_connected_after_reauthentication(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    browser.sign_in(provider, "ada")
    elsewhere = new_browser()
    elsewhere.sign_in(provider, "ada")
    account, old_session = browser.account, browser.key
    response = browser.connect(another(provider), "grace")

    assert response.headers["Location"] == "/accounts/connections/"
    assert (browser.account, elsewhere.account) == (account, None)
    assert browser.key != old_session
    assert {identity.provider for identity in Identity.objects.all()} == {provider, another(provider)}
    assert User.objects.count() == 1
    assert events().count("identity.linked") == 2
    assert endings() == ["identity_connected"]


@pytest.mark.promise(27)
def test_the_browser_stays_signed_in_after_connecting(browser: Browser, provider: str) -> None:
    browser.client.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    with_two_ways_in(browser, provider)
    session = Session.objects.get()

    assert (session.provider, session.ip_address) == (provider, "127.0.0.1")
    assert "Firefox" in session.user_agent


@pytest.mark.promise(27)
def test_a_person_who_signed_in_long_ago_must_reauthenticate(
    browser: Browser, provider: str, time_machine: Any
) -> None:
    browser.sign_in(provider, "ada")
    account = browser.account
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=11))

    stale = browser.start(another(provider), process="connect")
    assert (stale.status_code, stale.headers["Location"]) == (302, PROVE)
    page = browser.get(PROVE).content
    assert (
        f"/accounts/{provider}/login/?next=%2Faccounts%2Fconnections%2F%3Fconnect&amp;process=reauthenticate".encode()
        in page
    )
    assert f"/accounts/{another(provider)}/login/".encode() not in page
    proven = browser.sign_in(provider, "ada", process="reauthenticate")
    if provider in NEVER_DATED:
        assert proven.headers["Location"] == PROVE, "a code from the mailbox is asked for beside it"
        proven = prove_by_mail(browser, "/accounts/connections/?connect")
    assert proven.headers["Location"].endswith("?connect")

    assert browser.connect(another(provider), "ada").status_code == 302
    assert browser.account == account
    assert Identity.objects.count() == 2


@pytest.mark.promise(27)
def test_another_persons_identity_does_not_reauthenticate(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    new_browser().sign_in(provider, "grace")
    browser.sign_in(provider, "ada")

    assert browser.sign_in(provider, "grace", process="reauthenticate").status_code == 409
    assert browser.sign_in(another(provider), "linus", process="reauthenticate").status_code == 403
    assert refusals() == ["identity_of_another_account", "identity_not_connected"]


@pytest.mark.promise(27)
def test_the_provider_is_asked_to_reauthenticate(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    for process in ("connect", "reauthenticate"):
        assert "prompt=login" in browser.start("keycloak", process=process).headers["Location"]


@pytest.mark.promise(27)
def test_another_persons_identity_cannot_be_connected(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    other = new_browser()
    other.sign_in(another(provider), "grace")
    browser.sign_in(provider, "ada")
    before = set(Identity.objects.values_list("pk", "user_id"))
    response = browser.connect(another(provider), "grace")

    assert response.status_code == 409
    assert browser.account != other.account is not None
    assert set(Identity.objects.values_list("pk", "user_id")) == before
    assert refusals() == ["identity_of_another_account"]


@pytest.mark.promise(27)
def test_what_ada_started_cannot_be_completed_by_bob(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    """A person leaves an attempt open and another one signs in with the same browser: their accounts stay separate."""
    browser.sign_in(provider, "ada")
    callback = browser.callback_url(another(provider), "zoe", process="connect")
    browser.sign_in(provider, "grace")
    response = browser.get(callback)

    assert response.status_code == 403
    assert Identity.objects.filter(provider=another(provider)).count() == 0
    assert refusals() == ["started_by_another_person"]


@pytest.mark.promise(27)
def test_a_session_that_was_ended_meanwhile_connects_nothing(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    browser.sign_in(provider, "ada")
    callback = browser.callback_url(another(provider), "zoe", process="connect")
    elsewhere = new_browser()
    elsewhere.sign_in(provider, "ada")
    elsewhere.post("/accounts/sessions/revoke-others/")

    assert browser.get(callback).status_code == 403
    assert Identity.objects.count() == 1
    assert browser.account is None
    assert endings() == ["owner"]


@pytest.mark.promise(27)
def test_a_device_is_signed_out_by_its_owner_and_by_nobody_else(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    grace, phone = new_browser(), new_browser()
    browser.sign_in(provider, "ada")
    phone.sign_in(provider, "ada")
    grace.sign_in(provider, "grace")
    end = f"/accounts/sessions/{Session.objects.of_browser(phone.key).get().public_id}/revoke/"
    grace.post(end)
    assert Session.objects.of_browser(phone.key).exists()
    assert endings() == []
    browser.post(end)

    assert phone.account is None
    assert browser.account
    assert endings() == ["owner"]


@pytest.mark.promise(27)
def test_a_session_that_ends_meanwhile_connects_nothing(browser: Browser, provider: str) -> None:
    """It ends while the person is at the provider."""
    browser.sign_in(provider, "ada")
    callback = browser.callback_url(another(provider), "zoe", process="connect")
    Session.objects.all().delete()

    assert browser.get(callback).status_code == 403
    assert (Identity.objects.count(), Session.objects.count()) == (1, 0)


@pytest.mark.promise(27, 28)
def test_disconnecting_ends_the_persons_other_sessions(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    with_two_ways_in(browser, provider)
    elsewhere = new_browser()
    elsewhere.sign_in(another(provider), "ada")
    gone = Identity.objects.get(provider=another(provider))
    response = disconnect(browser, gone)

    assert response.headers["Location"] == "/accounts/connections/"
    assert (browser.account is None, elsewhere.account) == (False, None)
    assert endings() == ["identity_disconnected"]
    assert Identity.objects.get().provider == provider
    entry = Entry.objects.get(action="identity.unlinked")
    assert (entry.object_table, entry.object_id) == ("accounts_identity", str(gone.pk))


@pytest.mark.promise(27)
def test_the_last_sign_in_method_stays(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    response = disconnect(browser, Identity.objects.get())

    kept = Entry.objects.get(action="identity.unlink_refused")
    assert response.status_code == 409
    assert kept.details
    assert kept.details["reason"] == "last_sign_in_method"
    assert kept.details["reference"] in response.content.decode()
    assert Identity.objects.count() == 1
    assert browser.account


@pytest.mark.promise(27)
def test_nobody_disconnects_another_persons_identity(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    with_two_ways_in(browser, provider)
    stranger = new_browser()
    stranger.sign_in(provider, "grace")

    assert {
        disconnect(stranger, identity).status_code for identity in Identity.objects.filter(user__name="Ada Lovelace")
    } == {404}
    assert {stranger.get(f"/accounts/connections/{number}/disconnect/").status_code for number in (0, 10**30)} == {404}
    assert Identity.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(27)
def test_two_at_once_cannot_take_the_last_two(browser: Browser, provider: str) -> None:
    with_two_ways_in(browser, provider)
    one, other = Identity.objects.all()
    responses = together(lambda: disconnect(browser, one), lambda: disconnect(browser, other))

    assert {response.status_code for response in responses} == {302, 409}
    assert Identity.objects.count() == 1
    assert events().count("identity.unlinked") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(27)
def test_a_disconnection_asked_for_twice_happens_once(browser: Browser, provider: str) -> None:
    with_two_ways_in(browser, provider)
    gone = Identity.objects.get(provider=another(provider))
    responses = together(*[lambda: disconnect(browser, gone)] * 3)

    assert {response.status_code for response in responses} <= {302, 404}
    assert Identity.objects.count() == 1
    assert events().count("identity.unlinked") == 1


@pytest.mark.promise(27)
def test_trying_again_after_a_refusal_still_means_connecting(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    Browser(browser.providers).sign_in(another(provider), "grace")
    refused = browser.connect(another(provider), "grace")

    page = refused.content.decode()
    assert f"/accounts/{another(provider)}/login/?process=connect" in page
    assert 'href="/accounts/connections/"' in page
    assert "you are not signed in" not in page


@pytest.mark.promise(27)
def test_a_person_who_takes_too_long_at_the_provider_must_reauthenticate(
    browser: Browser, provider: str, time_machine: Any
) -> None:
    browser.sign_in(provider, "ada")
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=590))
    callback = browser.callback_url(another(provider), "grace", process="connect")
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=30))

    assert browser.get(callback).status_code == 403
    assert refusals() == ["not_reauthenticated"]
    assert Identity.objects.count() == 1
