"""The cast is stable, and tests can add to it."""

import pytest

from sandbox.personas import CAST, Persona
from sandbox.providers import ALL_PROVIDERS, OPENID_PROVIDERS, Provider
from sandbox.server import Sandbox
from sandbox.visitor import PickRefused
from tests.sandbox.relying_party import Client

EVERYBODY = [pytest.param(p, at, id=f"{p.key}-{at}") for p in CAST for at in p.providers]


@pytest.mark.parametrize(("persona", "provider"), EVERYBODY)
def test_everyone_can_sign_in(client: Client, persona: Persona, provider: Provider) -> None:
    answer = client.redeem(client.sign_in(provider, persona.key)).json
    if provider is Provider.GITHUB:
        found = client.github("/user", answer["access_token"]).json
        assert str(found["id"]) == persona.subject(provider)
    else:
        found = client.verified(provider, answer["id_token"])
        assert found["sub"] == persona.subject(provider)
    assert found.get("email") == (None if persona.private_email else persona.email)


def test_keys_are_unique() -> None:
    assert len({p.key for p in CAST}) == len(CAST)


def test_subjects_are_the_same_in_every_process() -> None:
    assert CAST[0].subject(Provider.KEYCLOAK) == "d80a6264-07a8-5ead-9c09-614656cd5c3b"


@pytest.mark.parametrize("provider", ALL_PROVIDERS)
def test_only_those_with_one_subject_key_share_a_subject(provider: Provider) -> None:
    keys = {p.subject(provider): p.subject_key or p.key for p in CAST if provider in p.providers}
    people = {p.subject_key or p.key for p in CAST if provider in p.providers}
    assert len(keys) == len(people)


def test_rita_keeps_her_subject_and_changes_her_address(client: Client) -> None:
    before, after = (client.claims(Provider.GOOGLE, key) for key in ("rita-before", "rita-after"))
    assert before["sub"] == after["sub"]
    assert (before["email"], after["email"]) == ("rita@old.example", "rita@new.example")


def test_the_twins_have_one_subject_at_three_issuers(client: Client) -> None:
    assert len({client.claims(p, "twin")["sub"] for p in OPENID_PROVIDERS}) == 1


def test_ken_has_255_characters(client: Client) -> None:
    assert len(client.claims(Provider.KEYCLOAK, "ken")["sub"]) == 255


@pytest.mark.parametrize("provider", OPENID_PROVIDERS)
def test_a_newcomer_is_a_different_person_each_time(client: Client, provider: Provider) -> None:
    first, second = (client.claims(provider, "new") for _ in range(2))
    assert first["sub"] != second["sub"]
    assert first["email"] != second["email"]


def test_a_persona_stays_where_she_belongs(client: Client) -> None:
    with pytest.raises(PickRefused):
        client.sign_in(Provider.GOOGLE, "priya")


def test_an_added_persona_says_exactly_what_a_test_wants(sandbox: Sandbox, client: Client) -> None:
    odd = {"email_verified": "yes", "sub": "S" * 300, "extra": {"deep": [1]}}
    persona = Persona(
        "odd",
        name="Odd One",
        email="odd@example.com",
        claims={Provider.GOOGLE: odd},
        without={Provider.GOOGLE: ("name",)},
    )
    sandbox.add_persona(persona)
    claims = client.claims(Provider.GOOGLE, "odd")
    assert odd.items() <= claims.items()
    assert "name" not in claims
    assert len(client.claims(Provider.KEYCLOAK, "odd")["sub"]) == 36


def test_an_added_persona_can_have_odd_addresses_on_github(sandbox: Sandbox, client: Client) -> None:
    sandbox.add_persona(Persona("odd", claims={Provider.GITHUB: {"emails": [], "name": "O"}}))
    token = client.redeem(client.sign_in(Provider.GITHUB, "odd")).json["access_token"]
    assert client.github("/user/emails", token).json == []
    assert client.github("/user", token).json["name"] == "O"


@pytest.mark.parametrize("key", ["", "two words", "a/b", "<b>"])
def test_a_key_is_a_plain_word(key: str) -> None:
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        Persona(key)


def test_the_newcomers_key_is_taken(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="taken"):
        sandbox.add_persona(Persona("new"))
