"""How a second factor that a real Keycloak asks for reaches the product, as docs/keycloak.md says it."""

from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from config import second_factors
from tests.keycloak.levels import give_app, let_levels_be
from tests.keycloak.person import Person
from tests.keycloak.server import Keycloak
from tests.support.memory import forget_providers

pytestmark = pytest.mark.django_db(transaction=True)

NEEDED = "/accounts/second-factor/required/"


@pytest.fixture
def levels(keycloak: Keycloak, ada: Person, settings: Any) -> Keycloak:
    let_levels_be(keycloak)
    ada.app = give_app(keycloak, "ada")
    settings.MFA_BY_PROVIDER = second_factors.read(["keycloak:gold"])
    told = settings.SIGN_IN_PROVIDERS
    settings.SIGN_IN_PROVIDERS = told | {"keycloak": told["keycloak"] | {"acr_values": ["gold"]}}
    forget_providers()
    return keycloak


@pytest.mark.promise(45)
def test_who_must_have_one_is_asked_by_keycloak_for_the_missing_step(levels: Keycloak, ada: Person) -> None:
    """Kind: a policy of ours that the provider could fulfil, and is never told of (issue 12, 5.5)."""
    ada.sign_in()
    assert (ada.asked, ada.is_signed_in()) == (["password"], True)
    User.objects.update(second_factor_required=True)
    ada.client.cookies.clear()

    onward = ada.sign_in().headers["Location"]

    assert (ada.asked, ada.is_signed_in()) == ([], False)
    answer = ada.come_back(ada.answer_of_keycloak(onward))
    assert (ada.asked, answer.headers["Location"]) == (["code"], "/accounts/")
    assert ada.is_signed_in()
    details = Entry.objects.filter(action="sign_in.succeeded").latest("id").details
    assert details
    assert details["steps"][-1] == "mfa"


@pytest.mark.promise(45)
def test_the_clients_default_asks_everybody(levels: Keycloak, ada: Person) -> None:
    levels.change_client(attributes={"default.acr.values": "gold"})
    ada.sign_in()
    User.objects.update(second_factor_required=True)
    ada.client.cookies.clear()

    assert ada.sign_in().headers["Location"] == "/accounts/"
    assert ada.is_signed_in()


@pytest.mark.promise(45)
def test_without_levels_nothing_is_believed_and_nobody_goes_in_circles(
    keycloak: Keycloak, ada: Person, settings: Any
) -> None:
    """Kind: a request that a provider does not know is answered as if it had been granted."""
    told = settings.SIGN_IN_PROVIDERS
    settings.SIGN_IN_PROVIDERS = told | {"keycloak": told["keycloak"] | {"acr_values": ["gold"]}}
    forget_providers()
    ada.sign_in()
    User.objects.update(second_factor_required=True)
    ada.client.cookies.clear()

    onward = ada.sign_in().headers["Location"]

    assert ada.come_back(ada.answer_of_keycloak(onward)).headers["Location"] == NEEDED
    assert not ada.is_signed_in()
