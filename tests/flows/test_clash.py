"""A clash with the e-mail address of an account: it lets nobody in, and its owner has a safe way to connect."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from accounts.models import Identity, User
from sandbox.personas import Persona
from sandbox.providers import Provider
from tests.flows.conftest import Browser, another, refusals
from tests.flows.proofs import let_be_proven

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("newcomer", ["mallory", "ada-shouting"])
@pytest.mark.promise(24, 25)
def test_a_verified_address_of_another_account_is_explained(
    browser: Browser, new_browser: Callable[[], Browser], provider: str, newcomer: str
) -> None:
    browser.sign_in(provider, "ada")
    stranger = new_browser()
    response = stranger.sign_in(another(provider), newcomer)

    assert response.status_code == 409
    assert stranger.account is None
    assert b"Sign in the way you did before" in response.content
    assert f'action="/accounts/{provider}/login/'.encode() in response.content
    assert f'action="/accounts/{another(provider)}/login/'.encode() not in response.content
    assert User.objects.count() == Identity.objects.count() == 1
    assert refusals() == ["email_of_another_account"]


@pytest.mark.promise(24, 25)
def test_the_advice_after_a_clash_works(browser: Browser, new_browser: Callable[[], Browser], provider: str) -> None:
    """Ada comes through a second provider, reads how to connect it, and does so."""
    browser.sign_in(provider, "ada")
    elsewhere = new_browser()
    clash = elsewhere.sign_in(another(provider), "ada")
    offered = re.search(rf'action="(/accounts/{provider}/login/[^"]*)"', clash.content.decode())
    assert offered

    started = elsewhere.post(offered.group(1).replace("&amp;", "&"))
    signed_in = elsewhere.get(elsewhere.providers.visit(started.headers["Location"], "ada"))
    assert urlsplit(signed_in.headers["Location"]).path == "/accounts/connections/"
    let_be_proven(elsewhere)
    connected = elsewhere.connect(another(provider), "ada")

    assert connected.status_code == 302
    assert browser.account == elsewhere.account or browser.account is None  # connecting ends other sessions
    assert User.objects.count() == 1
    later = new_browser()
    later.sign_in(another(provider), "ada")
    assert later.account == elsewhere.account


@pytest.mark.parametrize("newcomer", ["mallory-unverified", "linus"])
@pytest.mark.promise(24, 25)
def test_an_unverified_address_clashes_with_nobody_and_reserves_nothing(
    browser: Browser, new_browser: Callable[[], Browser], provider: str, newcomer: str
) -> None:
    browser.sign_in(provider, newcomer)
    stranger = new_browser()
    response = stranger.sign_in(another(provider), newcomer)

    assert response.status_code == 302
    assert stranger.account != browser.account
    assert set(User.objects.values_list("email_verified", flat=True)) <= {False, provider == "github"}


@pytest.mark.promise(24, 25)
def test_an_attacker_with_an_unverified_address_locks_nobody_out(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    """Pre-hijacking: the attacker's account must neither capture the owner's sign-in nor block it."""
    browser.sign_in("google", "mallory-unverified")
    owner = new_browser()
    owner.sign_in("keycloak", "ada")

    assert owner.account not in {None, browser.account}


@pytest.mark.promise(24, 25, 26)
def test_equal_subjects_at_two_issuers_are_two_people(new_browser: Callable[[], Browser]) -> None:
    accounts = set()
    for name in ("google", "keycloak"):
        person = new_browser()
        person.providers.world.add_persona(twin_without_address())
        person.sign_in(name, "twin-without-address")
        accounts.add(person.account)

    assert len(accounts - {None}) == 2
    assert Identity.objects.values("subject").distinct().count() == 1


def twin_without_address() -> Persona:
    subjects = dict.fromkeys((Provider.GOOGLE, Provider.KEYCLOAK), "110169484474386276334")
    return Persona("twin-without-address", name="Castor", subjects=subjects)
