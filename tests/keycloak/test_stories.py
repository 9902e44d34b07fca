"""What a real Keycloak does, and what becomes of it here."""

import pytest

from accounts.models import Identity, Session
from tests.keycloak.person import Person
from tests.keycloak.server import Keycloak
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_ada_signs_in_and_comes_back_without_a_password(ada: Person, keycloak: Keycloak) -> None:
    first = ada.sign_in()
    assert (first.status_code, ada.was_asked, ada.is_signed_in()) == (302, True, True)
    identity = Identity.objects.get()
    assert (identity.issuer, identity.subject) == (keycloak.issuer, keycloak.user_id())

    ada.client.cookies.clear()
    assert ada.sign_in().status_code == 302
    assert (ada.was_asked, ada.is_signed_in()) == (False, True)
    assert {row.upstream_sid for row in Session.objects.filter(user=identity.user)} == set(keycloak.sessions())


@pytest.mark.promise(38)
def test_a_session_ended_by_an_administrator_there_ends_here(ada: Person, keycloak: Keycloak) -> None:
    ada.sign_in()

    keycloak.call("POST", f"/users/{keycloak.user_id()}/logout")

    until(lambda: not ada.is_signed_in(), seconds=30)
