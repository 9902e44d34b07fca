"""What a real Keycloak's word proves, and which of its sessions ours then follow."""

import time
from datetime import UTC, datetime

import pytest
import time_machine

from accounts.models import Identity
from foundation import lifetimes
from tests.keycloak.person import Person
from tests.keycloak.server import Keycloak
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/accounts/email/"


def test_single_sign_on_is_no_fresh_proof(ada: Person, keycloak: Keycloak) -> None:
    """Kind: what came back just now counts as proven just now, though nobody typed anything."""
    ada.sign_in()
    typed_at = time.time()
    until(lambda: time.time() > typed_at + 3, seconds=10)  # Keycloak's clock cannot be moved
    ada.client.cookies.clear()
    ada.sign_in()
    assert not ada.was_asked
    assert ada.client.get(ADDRESS).status_code == 200, "the password was typed ten minutes ago at most"

    with time_machine.travel(datetime.fromtimestamp(typed_at + lifetimes.REAUTHENTICATION.total_seconds() + 1, UTC)):
        answer = ada.client.get(ADDRESS)

    assert answer.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"


def test_a_proof_asks_for_the_password_whatever_session_keycloak_has(ada: Person, keycloak: Keycloak) -> None:
    ada.sign_in()

    answer = ada.sign_in(process="reauthenticate", next=ADDRESS)

    assert (ada.was_asked, answer.headers["Location"]) == (True, ADDRESS)


def end_unheard(keycloak: Keycloak, sid: str) -> None:
    """End a session at Keycloak as its own clock does: the product is not told."""
    attributes = keycloak.client()["attributes"]
    keycloak.change_client(attributes={"backchannel.logout.url": ""})
    keycloak.call("DELETE", f"/sessions/{sid}")
    keycloak.change_client(attributes=attributes)


@pytest.mark.promise(38)
def test_a_step_up_in_a_new_session_there_is_followed(ada: Person, keycloak: Keycloak) -> None:
    """Kind: a session follows what it was opened in for ever, wherever it was proven since."""
    ada.sign_in()
    (first,) = keycloak.sessions()
    end_unheard(keycloak, first)
    assert ada.is_signed_in()

    ada.sign_in(process="reauthenticate")

    (second,) = keycloak.sessions()
    assert second != first
    keycloak.call("POST", f"/users/{keycloak.user_id()}/logout")
    until(lambda: not ada.is_signed_in(), seconds=30)


@pytest.mark.promise(38)
@pytest.mark.parametrize("ended", ["ada", "grace"])
def test_both_identities_of_a_session_are_followed(ada: Person, grace: Person, keycloak: Keycloak, ended: str) -> None:
    """Kind: of two things that a session rests on, one is followed."""
    ada.sign_in()
    ada.username = grace.username
    ada.use_another_browser_at_keycloak()
    ada.sign_in(process="connect")
    assert {one.subject for one in Identity.objects.all()} == {keycloak.user_id("ada"), keycloak.user_id("grace")}
    assert ada.is_signed_in()

    keycloak.call("POST", f"/users/{keycloak.user_id(ended)}/logout")

    until(lambda: not ada.is_signed_in(), seconds=30)
