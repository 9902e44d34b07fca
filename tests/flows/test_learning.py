"""New claims of later sign-ins reach the account; what was set here stays."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import Identity, User
from providers.identity import CUT
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support import claim_rules

pytestmark = pytest.mark.django_db

Come = Callable[..., User]


@pytest.fixture
def come(providers: Sandbox) -> Come:
    """Sign a person in with the provider's present claims."""

    def sign_in(provider: str = "keycloak", **told: Any) -> User:
        fields: dict[str, Any] = {
            "key": "pat",
            "title": "Pat",
            "name": "Pat Doe",
            "email": "pat@example.com",
            "domain_owner": True,
        }
        providers.add_persona(Persona(**(fields | told)))
        browser = Browser(providers)
        browser.sign_in(provider, "pat")
        return User.objects.get(pk=str(browser.account))

    return sign_in


@pytest.mark.parametrize("provider", ["google", "keycloak"])
def test_an_address_that_is_verified_later_is_verified_here_too(come: Come, provider: str) -> None:
    """The kind of fault: a claim is stored only at the first sign-in."""
    assert come(provider, email_verified=False).email_verified is False
    assert come(provider, email_verified=True).email_verified is True


def test_an_address_that_is_given_later_becomes_the_first(come: Come) -> None:
    assert come(email=None).email is None
    pat = come()

    assert (pat.email, pat.email_verified) == ("pat@example.com", True)


def test_another_address_replaces_none(come: Come) -> None:
    come()
    pat = come(email="pat@new.example")

    assert (pat.email, pat.email_verified, Identity.objects.get().email) == ("pat@example.com", True, "pat@new.example")


def test_an_address_that_another_account_has_verified_stays_theirs_and_nobody_is_refused(come: Come) -> None:
    """The kind of fault: a clash with another account in an unexpected place."""
    come(email_verified=False)
    User.objects.create_user(name="Other", email="PAT@example.com", email_verified=True)
    pat = come(email_verified=True, name="Pat Roe")

    assert (pat.email_verified, pat.name) == (False, "Pat Roe")


@pytest.mark.parametrize("provider", ["google", "microsoft", "github", "keycloak"])
def test_a_new_name_arrives_unless_one_was_set_here(come: Come, provider: str) -> None:
    assert come(provider).name == "Pat Doe"
    assert come(provider, name="Pat Roe").name == "Pat Roe"
    User.objects.update(name="The Countess")
    assert come(provider, name="Pat Poe").name == "The Countess"
    assert come(provider, name="Pat Noe").name == "The Countess"


def test_a_person_without_a_name_gets_one(come: Come) -> None:
    without = {Provider.KEYCLOAK: ("name", "given_name", "family_name", "preferred_username")}
    assert come(without=without).name == ""
    assert come().name == "Pat Doe"


@pytest.mark.parametrize(
    ("without", "shown"),
    [(("name",), "Pat Doe"), (("name", "family_name"), "Pat"), (("name", "given_name", "family_name"), "pat")],
)
def test_a_person_without_a_name_shows_its_parts_or_their_login(
    come: Come, without: tuple[str, ...], shown: str
) -> None:
    assert come(without={Provider.KEYCLOAK: without}).name == shown
    assert Identity.objects.get().name == shown


def test_nothing_new_costs_nothing(come: Come) -> None:
    come(email_verified=False)
    with connection.execute_wrapper(_no_update_of_people):
        come(email_verified=False)


def _no_update_of_people(execute: Any, sql: Any, *rest: Any) -> Any:
    assert not str(sql).startswith(('UPDATE "accounts_user"', "UPDATE accounts_user")), sql
    return execute(sql, *rest)


@pytest.mark.parametrize("many", [593, 1500])
def test_rules_see_all_of_hundreds_of_groups_in_an_id_token(come: Come, many: int) -> None:
    """The kind of fault: a limit is lower than what large companies send."""
    groups = tuple(f"/organization/department/group-{number:04}-with-quite-a-long-name" for number in range(many))
    claim_rules.rule("keycloak", "groups", groups[-1])

    come(groups=groups)

    assert claim_rules.roles() == {"Abbey": "member"}
    kept = Identity.objects.get().claims
    assert kept[CUT] == {"groups": f"{len(kept['groups'])} of {many} kept"}


@pytest.mark.parametrize(
    ("of_id_token", "path", "is_member"),
    [
        ({"resource_access": {"my.app": {"roles": ["x"]}}}, "resource_access.vestibule-keycloak.roles", True),
        ({"resource_access": {"my.app": {"roles": ["x"]}}}, 'resource_access."my.app".roles', False),
        ({"resource_access": {"vestibule-keycloak": {"roles": []}}}, "resource_access.vestibule-keycloak.roles", False),
        ({"resource_access": {}}, "resource_access.vestibule-keycloak.roles", True),
        ({"resource_access": "none"}, "resource_access.vestibule-keycloak.roles", False),
        ({}, "resource_access.vestibule-keycloak.roles", True),
    ],
)
def test_a_claim_path_is_read_from_the_id_token_or_else_from_the_access_token(
    come: Come, providers: Sandbox, of_id_token: dict[str, Any], path: str, *, is_member: bool
) -> None:
    """The kind of fault: a claim is in two places, and the first one hides the second."""
    claim_rules.rule("keycloak", path, "reviewer")

    come(claims={Provider.KEYCLOAK: of_id_token}, client_roles=("reviewer",))

    assert claim_rules.roles() == ({"Abbey": "member"} if is_member else {})


def test_an_access_token_with_few_claims_hides_none_of_the_id_token(come: Come, providers: Sandbox) -> None:
    """The kind of fault: something that is not needed fails (Keycloak's lightweight access token)."""
    claim_rules.rule("keycloak", "realm_access.roles", "vestibule-admin")
    providers.set_fault("keycloak", "access_opaque")

    come(claims={Provider.KEYCLOAK: {"realm_access": {"roles": ["vestibule-admin"]}}})

    assert claim_rules.roles() == {"Abbey": "member"}
