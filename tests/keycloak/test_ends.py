"""Who is ended at a real Keycloak is ended here, and a plain sign-out here ends nothing there."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from accounts.models import Session
from providers.models import UpstreamTokens
from providers.revalidation import refreshing
from providers.tasks import send_revocations
from tests.keycloak.person import Person
from tests.keycloak.server import CLIENT, Keycloak
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

LOGOUT = "/accounts/logout/"


def let_keycloak_be_asked() -> None:
    """Do what the job does for every session whose tokens were renewed some minutes ago."""
    UpstreamTokens.objects.update(given_at=F("given_at") - timedelta(minutes=5))
    for row in Session.objects.filter(user__isnull=False):
        refreshing.revalidate(row.public_id)


def disable(keycloak: Keycloak) -> None:
    keycloak.call("PUT", f"/users/{keycloak.user_id()}", {"enabled": False})


def delete(keycloak: Keycloak) -> None:
    keycloak.call("DELETE", f"/users/{keycloak.user_id()}")


def sign_out_all(keycloak: Keycloak) -> None:
    keycloak.call("POST", "/logout-all")


def grow_old(setting: str) -> Callable[[Keycloak], None]:
    """Let Keycloak's clock end the session: a second after its last use, or after its beginning."""

    def end(keycloak: Keycloak) -> None:
        keycloak.call("PUT", "", {setting: 1})
        since = time.time()
        until(lambda: time.time() > since + 2, seconds=10)

    return end


WAYS = {
    "disabled": disable,
    "deleted": delete,
    "all signed out": sign_out_all,
    "idle": grow_old("ssoSessionIdleTimeout"),
    "over": grow_old("ssoSessionMaxLifespan"),
}


@pytest.mark.promise(38)
@pytest.mark.parametrize("way", WAYS)
def test_who_is_ended_there_without_a_word_is_ended_here(ada: Person, keycloak: Keycloak, way: str) -> None:
    """Kind: an end upstream of which nothing is sent (issue 12, 5.2)."""
    ada.sign_in()
    let_keycloak_be_asked()
    assert ada.is_signed_in(), "asking ends nobody who is well"
    WAYS[way](keycloak)

    let_keycloak_be_asked()

    assert not ada.is_signed_in()


def test_a_password_that_an_administrator_sets_ends_nothing_at_keycloak(ada: Person, keycloak: Keycloak) -> None:
    """What docs/keycloak.md says, for those who reset a stolen password: the user has to be signed out besides."""
    ada.sign_in()
    password = {"type": "password", "value": "another one", "temporary": False}
    keycloak.call("PUT", f"/users/{keycloak.user_id()}/reset-password", password)

    let_keycloak_be_asked()
    assert (ada.is_signed_in(), len(keycloak.sessions())) == (True, 1)
    keycloak.call("POST", f"/users/{keycloak.user_id()}/logout")
    until(lambda: not ada.is_signed_in(), seconds=30)


@pytest.mark.parametrize(
    "change", [{"secret": "another"}, {"enabled": False}], ids=["another secret", "the client is off"]
)
def test_wrong_set_up_ends_nobody(ada: Person, keycloak: Keycloak, change: dict[str, Any]) -> None:
    """Kind: an answer about us that is taken for one about the person (issue 12, 5.2)."""
    ada.sign_in()
    keycloak.change_client(**change)

    let_keycloak_be_asked()
    let_keycloak_be_asked()

    assert ada.is_signed_in()


def test_a_plain_sign_out_leaves_keycloaks_session_alone(ada: Person, keycloak: Keycloak) -> None:
    """Kind: an act that ends more than its page says (issue 12, 5.4): who comes back is not asked for the password."""
    ada.sign_in()
    before = keycloak.sessions()

    ada.client.post(LOGOUT)
    send_revocations()

    assert not ada.is_signed_in()
    assert clients_of_its_session(keycloak) == [CLIENT], "the refresh token is good still"
    assert keycloak.sessions() == before
    ada.sign_in()
    assert (ada.was_asked, ada.is_signed_in()) == (False, True)


@pytest.fixture
def offline(settings: Any) -> None:
    settings.OFFLINE_ACCESS = frozenset({"keycloak"})


@pytest.mark.usefixtures("offline")
def test_a_plain_sign_out_ends_the_offline_session_and_leaves_the_browser_s_alone(
    ada: Person, keycloak: Keycloak
) -> None:
    """Kind: an act that forgets what is good at its provider until somebody says otherwise."""
    ada.use_account_console(keycloak.issuer)
    ada.sign_in()
    assert not ada.was_asked
    before = keycloak.sessions()
    assert (keycloak.offline_sessions(), clients_of_its_session(keycloak)) == (before, ["account-console", CLIENT])

    ada.client.post(LOGOUT)
    send_revocations()

    assert (keycloak.offline_sessions(), keycloak.sessions()) == ([], before)
    assert clients_of_its_session(keycloak) == ["account-console"]
    ada.use_account_console(keycloak.issuer)
    assert not ada.was_asked
    ada.sign_in()
    assert (ada.was_asked, ada.is_signed_in()) == (False, True)
    assert keycloak.offline_sessions() == before, "under the same name, and no job takes it for the one before"
    send_revocations()
    let_keycloak_be_asked()
    assert ada.is_signed_in()


@pytest.mark.usefixtures("offline")
def test_a_plain_sign_out_leaves_the_offline_session_of_another_device_alone(ada: Person, keycloak: Keycloak) -> None:
    """Kind: a revocation that reaches further than what was named."""
    ada.sign_in()
    (first,) = keycloak.offline_sessions()
    second = Person()
    second.sign_in()
    assert keycloak.sessions() == [], "where nothing else is used there is no session to come back by"

    ada.client.post(LOGOUT)
    send_revocations()

    assert len(keycloak.offline_sessions()) == 1
    assert first not in keycloak.offline_sessions()
    let_keycloak_be_asked()
    assert (ada.is_signed_in(), second.is_signed_in()) == (False, True)


def test_signing_out_there_too_ends_keycloaks_session(ada: Person, keycloak: Keycloak) -> None:
    ada.sign_in()

    onward = ada.client.post(f"{LOGOUT}?there_too=on").headers["Location"]

    status, back, page = ada.open(onward)
    assert (status, "/accounts/keycloak/logout/callback/" in back) == (302, True), page
    assert keycloak.sessions() == []
    assert b"You are signed out, at Keycloak too." in ada.client.get(ada.come_back(back).headers["Location"]).content


def clients_of_its_session(keycloak: Keycloak) -> list[str]:
    """Return which clients a person's one session at Keycloak has: a token that was revoked takes its client along."""
    (session,) = keycloak.call("GET", f"/users/{keycloak.user_id()}/sessions")
    return sorted(session["clients"].values())
