"""Claims of providers become memberships only by a rule, and the memberships end when the claim ends."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.core.cache import cache

from accounts.models import Identity, Membership, Role, Session, User
from audit.models import Entry
from providers.identity import CUT
from sandbox.faults import CATALOGUE, Fault, Stage
from sandbox.github import organization_id
from sandbox.personas import CAST, Persona
from sandbox.providers import ALL_PROVIDERS, Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser, another
from tests.flows.proofs import let_be_proven
from tests.support import claim_rules
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database
from tests.support.together import leave_nothing_open, together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db

GRACE = next(persona for persona in CAST if persona.key == "grace")
MARIE = next(persona for persona in CAST if persona.key == "marie")
WITHOUT = replace(GRACE, hosted_domain=None, roles=(), client_roles=(), groups=())  # Grace without claims
AT_EACH = [
    pytest.param("google", "hd", "corp.example", id="google-hd"),
    pytest.param("microsoft", "roles", "vestibule-admin", id="microsoft-app_role"),
    pytest.param("microsoft", "groups", "/engineering", id="microsoft-group"),
    pytest.param("github", "organizations", "engineering", id="github-organization"),
    pytest.param("github", "organization_ids", str(organization_id("engineering")), id="github-organization_id"),
    pytest.param("keycloak", "realm_access.roles", "vestibule-admin", id="keycloak-realm_role"),
    pytest.param("keycloak", 'resource_access."vestibule-keycloak".roles', "reviewer", id="keycloak-client_role"),
    pytest.param("keycloak", "groups", "/engineering/compilers", id="keycloak-group"),
]
EXTRA = {Stage.ACCESS_TOKEN: "realm_access.roles", Stage.ORGANIZATIONS: "organizations", Stage.GROUPS: "groups"}
VALUES = {Stage.ACCESS_TOKEN: "vestibule-admin", Stage.ORGANIZATIONS: "radium", Stage.GROUPS: "radium"}
READABLE = {"access_roles_text", "access_roles_nested", "organizations_nameless", "groups_odd"}  # but do not match
OFTEN = pytest.mark.parametrize(("at", "claim", "value"), AT_EACH)


def events(action: str) -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action=action).order_by("id")]


def calls(providers: Sandbox, at: str) -> dict[str, int]:
    counted = providers.counts(at)
    return {name: counted[name] for name in ("orgs", "groups", "userinfo") if counted[name]}


def asked_scopes(browser: Browser, at: str) -> set[str]:
    (scope,) = parse_qs(urlsplit(browser.start(at).headers["Location"]).query)["scope"]
    return set(scope.split())


# Granting and withdrawing


@OFTEN
@pytest.mark.promise(30)
def test_a_rule_grants_its_role_at_the_first_sign_in(
    browser: Browser, new_browser: Callable[[], Browser], at: str, claim: str, value: str
) -> None:
    rule = claim_rules.rule(at, claim, value, role="admin")
    browser.sign_in(at, "grace")

    assert claim_rules.roles() == {"Abbey": "admin"}
    assert claim_rules.given_by() == {"Abbey": rule.pk}
    assert browser.account == str(User.objects.get().pk)
    assert events("memberships.synced") == [
        {"provider": at, "given": [rule.pk], "changed": [], "withdrawn": []}
    ]  # fmt: skip
    new_browser().sign_in(at, "ada")
    assert claim_rules.given_by() == {"Abbey": rule.pk}
    entry = Entry.objects.get(object_table="accounts_membership")
    assert (entry.actor_kind, entry.actor_id, entry.tenant_id) == ("service", at, str(rule.tenant_id))


@OFTEN
@pytest.mark.promise(28, 30)
def test_it_is_withdrawn_when_the_claim_goes_and_granted_again_when_it_returns(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, at: str, claim: str, value: str
) -> None:
    browser.sign_in(at, "grace")
    rule = claim_rules.rule(at, claim, value)
    second = new_browser()
    second.sign_in(at, "grace")
    assert claim_rules.roles() == {"Abbey": "member"}
    assert (browser.account, bool(second.account)) == (None, True)

    providers.add_persona(WITHOUT)
    third = new_browser()
    third.sign_in(at, "grace")
    assert claim_rules.roles() == {}
    assert (second.account, bool(third.account)) == (None, True)
    assert events("memberships.synced")[-1]["withdrawn"] == [rule.pk]
    assert {entry["reason"] for entry in events("session.revoked")} == {"role_changed"}

    providers.add_persona(GRACE)
    new_browser().sign_in(at, "grace")
    assert claim_rules.roles() == {"Abbey": "member"}


@pytest.mark.promise(30)
def test_a_sign_in_that_changes_nothing_records_nothing_and_ends_no_session(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    claim_rules.rule("google", "hd", "corp.example")
    browser.sign_in("google", "grace")
    new_browser().sign_in("google", "grace")

    assert browser.account
    assert len(events("memberships.synced")) == 1
    assert events("session.revoked") == []


@OFTEN
@pytest.mark.promise(30)
def test_a_role_that_a_person_granted_is_never_changed(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, at: str, claim: str, value: str
) -> None:
    browser.sign_in(at, "grace")
    claim_rules.rule(at, claim, value, role="admin")
    with site_context("a test"):
        Membership.objects.create(
            user=User.objects.get(), tenant=claim_rules.tenant(), role=Role.objects.get(name="owner")
        )

    for persona in (GRACE, WITHOUT, GRACE):
        providers.add_persona(persona)
        new_browser().sign_in(at, "grace")
        assert (claim_rules.roles(), claim_rules.given_by()) == ({"Abbey": "owner"}, {"Abbey": None})
    assert events("memberships.synced") == []


@pytest.mark.promise(30)
def test_the_first_of_several_rules_for_one_tenant_counts(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    last = claim_rules.rule("keycloak", "groups", "/engineering", role="member", position=7)
    browser.sign_in("keycloak", "grace")
    first = claim_rules.rule("keycloak", "realm_access.roles", "vestibule-admin", role="owner", position=1)
    claim_rules.rule("keycloak", "groups", "/nobody", role="admin", position=0)
    claim_rules.rule("keycloak", "groups", "/engineering", within="Barn", role="admin", position=9)
    assert claim_rules.given_by() == {"Abbey": last.pk}

    new_browser().sign_in("keycloak", "grace")
    assert claim_rules.roles() == {"Abbey": "owner", "Barn": "admin"}
    assert events("memberships.synced")[-1]["changed"] == [first.pk]
    assert browser.account is None

    claim_rules.change(first, is_active=False)
    new_browser().sign_in("keycloak", "grace")
    assert claim_rules.roles() == {"Abbey": "member", "Barn": "admin"}


@pytest.mark.promise(30)
def test_a_changed_rule_corrects_what_it_granted(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    rule = claim_rules.rule("google", "hd", "corp.example")
    browser.sign_in("google", "grace")

    claim_rules.change(rule, role=Role.objects.get(name="admin"))
    new_browser().sign_in("google", "grace")
    assert claim_rules.roles() == {"Abbey": "admin"}

    claim_rules.change(rule, tenant=claim_rules.tenant("Barn"))
    new_browser().sign_in("google", "grace")
    assert claim_rules.roles() == {"Barn": "admin"}

    claim_rules.change(rule, is_active=False)
    new_browser().sign_in("google", "grace")
    assert claim_rules.roles() == {}


@pytest.mark.promise(30)
def test_a_deleted_rule_is_corrected_by_a_sign_in_with_another_method_too(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    rule = claim_rules.rule("google", "hd", "corp.example")
    browser.sign_in("google", "grace")
    browser.connect("keycloak", "grace")
    new_browser().sign_in("keycloak", "grace")
    assert claim_rules.roles() == {"Abbey": "member"}

    claim_rules.change(rule, is_active=False)
    new_browser().sign_in("keycloak", "grace")
    assert claim_rules.roles() == {}


@pytest.mark.promise(30)
def test_position_decides_between_two_providers_for_one_tenant(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    by_google = claim_rules.rule("google", "hd", "corp.example", role="member", position=5)
    by_keycloak = claim_rules.rule("keycloak", "groups", "/engineering", role="admin", position=1)
    browser.sign_in("google", "grace")
    assert claim_rules.given_by() == {"Abbey": by_google.pk}
    browser.connect("keycloak", "grace")
    assert claim_rules.given_by() == {"Abbey": by_keycloak.pk}
    new_browser().sign_in("google", "grace")
    assert claim_rules.roles() == {"Abbey": "admin"}


@OFTEN
@pytest.mark.promise(30)
def test_connecting_grants_and_disconnecting_withdraws(browser: Browser, at: str, claim: str, value: str) -> None:
    claim_rules.rule(at, claim, value)
    browser.sign_in(another(at), "grace")
    account = browser.account
    assert claim_rules.roles() == {}

    browser.connect(at, "grace")
    assert (browser.account, claim_rules.roles()) == (account, {"Abbey": "member"})
    gone = Identity.objects.get(provider=at)
    let_be_proven(browser)
    assert browser.post(f"/accounts/connections/{gone.pk}/disconnect/").status_code == 302
    assert (browser.account, claim_rules.roles()) == (account, {})


@pytest.mark.promise(30)
def test_another_identity_of_the_same_provider_keeps_what_it_would_be_granted(browser: Browser) -> None:
    claim_rules.rule("google", "hd", "corp.example")
    browser.sign_in("google", "grace")
    browser.connect("google", "ada")
    gone = Identity.objects.get(name="Ada Lovelace")
    claims = Identity.objects.get(name="Grace Hopper").claims
    assert claims["hd"] == "corp.example"
    assert claim_rules.roles() == {}, "the identity used last had no such claim"

    let_be_proven(browser)
    browser.post(f"/accounts/connections/{gone.pk}/disconnect/")
    assert claim_rules.roles() == {"Abbey": "member"}


@pytest.mark.promise(30)
def test_a_reauthentication_applies_rules_as_a_sign_in_does(browser: Browser, providers: Sandbox) -> None:
    claim_rules.rule("keycloak", "groups", "/engineering")
    browser.sign_in("keycloak", "grace")
    providers.add_persona(WITHOUT)

    assert browser.sign_in("keycloak", "grace", process="reauthenticate").status_code == 302
    assert browser.account
    assert claim_rules.roles() == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(30, 32)
def test_eight_first_sign_ins_at_once_give_one_membership(
    new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    claim_rules.rule("google", "hd", "corp.example")
    browsers = [new_browser() for _ in range(8)]
    callbacks = [browser.callback_url("google", "grace") for browser in browsers]
    answers = together(*[lambda b=b, c=c: b.get(c) for b, c in zip(browsers, callbacks, strict=True)])

    assert {answer.status_code for answer in answers} == {302}
    assert claim_rules.roles() == {"Abbey": "member"}
    assert User.objects.count() == 1


# Without a rule


@pytest.mark.parametrize("at", [str(name) for name in ALL_PROVIDERS])
@pytest.mark.promise(30)
def test_without_a_rule_no_claim_grants_anything(browser: Browser, providers: Sandbox, at: str) -> None:
    hostile: dict[str, Any] = {
        "roles": ["owner", "admin", "superuser"],
        "groups": ["owner", "admin", "staff"],
        "realm_access": {"roles": ["owner", "admin"]},
        "resource_access": {"vestibule-keycloak": {"roles": ["owner"]}},
        "is_admin": True,
        "is_staff": True,
        "is_superuser": "true",
        "is_active": False,
        "permissions": ["accounts.add_membership"],
        "scope": "admin",
        "tenant": "Abbey",
        "tenant_id": str(claim_rules.tenant().pk),
        "organizations": ["Abbey"],
        "hd": "abbey.example",
        "role": "owner",
        "user": {"is_superuser": True},
        "membership": {"role": "owner", "tenant": "abbey"},
    }
    claim_rules.rule(another(at), "roles", "owner", role="owner")
    providers.add_persona(
        Persona(
            "climber", name="Climber", email="climber@example.com", claims={Provider(at): hostile}, roles=("owner",)
        )
    )
    browser.sign_in(at, "climber")

    person = User.objects.get()
    assert browser.account == str(person.pk)
    assert (person.is_staff, person.is_superuser, person.is_active) == (False, False, True)
    assert claim_rules.roles() == {}
    assert not person.groups.exists()
    assert not person.user_permissions.exists()
    assert events("memberships.synced") == []


# The cost in calls


@pytest.mark.parametrize("at", [str(name) for name in ALL_PROVIDERS])
@pytest.mark.promise(30)
def test_a_rule_elsewhere_costs_no_call_and_no_permission(browser: Browser, providers: Sandbox, at: str) -> None:
    plain = asked_scopes(browser, at)
    for other, claim in (("github", "organizations"), ("microsoft", "groups"), ("keycloak", "realm_access.roles")):
        if other != at:
            claim_rules.rule(other, claim, "radium")
    claim_rules.rule(at, "something", "else")

    assert asked_scopes(browser, at) == plain
    browser.sign_in(at, "marie")
    assert calls(providers, at) == {}


@pytest.mark.promise(30)
def test_organizations_are_requested_with_their_scope_page_by_page(browser: Browser, providers: Sandbox) -> None:
    claim_rules.rule("github", "organizations", "radium")
    assert "read:org" in asked_scopes(browser, "github")
    browser.sign_in("github", "marie")

    assert claim_rules.roles() == {"Abbey": "member"}
    assert calls(providers, "github") == {"orgs": 3}
    assert len(Identity.objects.get().claims["organizations"]) == 251


@pytest.mark.promise(30)
def test_graph_is_queried_only_if_the_token_says_so(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    claim_rules.rule("microsoft", "groups", "radium")
    new_browser().sign_in("microsoft", "grace")
    assert calls(providers, "microsoft") == {}
    browser.sign_in("microsoft", "marie")

    assert calls(providers, "microsoft") == {"groups": 1}
    assert claim_rules.roles() == {"Abbey": "member"}
    assert providers.counts("microsoft")["leak"] == 0


@pytest.mark.promise(30)
def test_ten_thousand_groups_are_no_problem(browser: Browser, providers: Sandbox) -> None:
    many = tuple(f"00000000-0000-4000-8000-{number:012}" for number in range(10_000))
    providers.add_persona(replace(MARIE, groups=(*many, "radium")))
    claim_rules.rule("microsoft", "groups", "radium")
    browser.sign_in("microsoft", "marie")

    assert claim_rules.roles() == {"Abbey": "member"}
    assert calls(providers, "microsoft") == {"groups": 11}
    kept = Identity.objects.get().claims
    assert kept[CUT] == {"groups": f"{len(kept['groups'])} of 10001 kept"}
    assert kept["name"] == "Marie Curie"


@pytest.mark.promise(30)
def test_roles_in_keycloaks_access_token_cost_no_call(browser: Browser, providers: Sandbox) -> None:
    claim_rules.rule("keycloak", "realm_access.roles", "vestibule-admin")
    browser.sign_in("keycloak", "grace")

    assert calls(providers, "keycloak") == {}
    assert "vestibule-admin" in Identity.objects.get().claims["realm_access"]["roles"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at", [str(name) for name in ALL_PROVIDERS])
@pytest.mark.promise(30)
def test_rules_cost_no_statement_while_nothing_changes(browser: Browser, servers: Servers, at: str) -> None:
    browser.sign_in(at, "grace")
    without = _returning(browser, servers, at)
    claim_rules.rule(another(at), "groups", "/engineering")
    elsewhere = _returning(browser, servers, at)
    claim, value = next((case.values[1], case.values[2]) for case in AT_EACH if case.values[0] == at)
    claim_rules.rule(at, str(claim), str(value))
    Browser(browser.providers).sign_in(at, "grace")
    assert claim_rules.roles() == {"Abbey": "member"}
    after = _returning(browser, servers, at)

    assert without == elsewhere == after <= 10


def _returning(browser: Browser, servers: Servers, at: str) -> int:
    """Count the statements of a sign-in that changes nothing, some time after a change of the rules."""
    cache.delete("claim_rules:wanted")
    Browser(browser.providers).sign_in(at, "grace")
    with asked_of_the_database(servers) as asked:
        Browser(browser.providers).sign_in(at, "grace")
    return len(asked.statements)


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(30, 53)
def test_no_transaction_is_open_while_a_signed_in_person_waits_for_groups(
    browser: Browser, providers: Sandbox, servers: Servers
) -> None:
    claim_rules.rule("microsoft", "groups", "radium")
    browser.sign_in("google", "marie")
    callback = browser.callback_url("microsoft", "marie", process="connect")
    providers.set_fault("microsoft", "groups_hang")
    with ThreadPoolExecutor(1) as pool, psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        waiting = pool.submit(_get_and_leave, browser, callback)
        until(lambda: providers.counts("microsoft")["groups"], seconds=5)
        open_ones = superuser.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vestibule_app' AND xact_start IS NOT NULL"
        ).fetchone()
        providers.clear_faults()
        assert waiting.result(timeout=10).status_code == 302

    assert open_ones == (0,)


def _get_and_leave(browser: Browser, url: str) -> Any:
    try:
        return browser.get(url)
    finally:
        leave_nothing_open()


# Unreadable claims

CASES = [
    pytest.param(fault, str(provider), id=fault.key)
    for fault in CATALOGUE.values()
    if fault.stage in EXTRA
    for provider in fault.providers
]


@pytest.mark.parametrize(("fault", "at"), CASES)
@pytest.mark.promise(30)
def test_an_unreadable_claim_grants_nothing_and_withdraws(
    browser: Browser,
    new_browser: Callable[[], Browser],
    providers: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    at: str,
) -> None:
    persona = "grace" if fault.stage is Stage.ACCESS_TOKEN else "marie"
    rule = claim_rules.rule(at, EXTRA[fault.stage], VALUES[fault.stage])
    browser.sign_in(at, persona)
    assert claim_rules.roles() == {"Abbey": "member"}
    if fault.slow:
        monkeypatch.setattr("providers.upstream.DEADLINE", 0.3)
    providers.set_fault(at, fault.key)
    later = new_browser()
    answer = later.sign_in(at, persona)

    assert answer.status_code == 302
    assert later.account
    assert claim_rules.roles() == {}
    assert browser.account is None
    assert providers.counts(at)["leak"] == 0
    unreadable = events("claim_rules.skipped")
    if fault.key in READABLE:
        assert unreadable == []
        return
    assert [(entry["provider"], entry["rules"]) for entry in unreadable] == [(at, [rule.pk])]
    assert "did not tell us which groups or roles" in later.get("/accounts/").content.decode()

    providers.clear_faults()
    new_browser().sign_in(at, persona)
    assert claim_rules.roles() == {"Abbey": "member"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(30)
def test_a_person_is_told_once_that_something_is_missing(browser: Browser, providers: Sandbox) -> None:
    claim_rules.rule("github", "organizations", "radium")
    providers.set_fault("github", "organizations_forbidden")
    browser.sign_in("github", "marie")
    pages = [browser.get("/accounts/").content.decode() for _ in range(2)]

    assert ["GitHub did not tell us which groups or roles" in page for page in pages] == [True, False]


@pytest.mark.promise(30)
def test_an_unreadable_claim_does_not_affect_rules_that_do_not_need_it(browser: Browser, providers: Sandbox) -> None:
    claim_rules.rule("keycloak", "realm_access.roles", "vestibule-admin", within="Abbey")
    claim_rules.rule("keycloak", "groups", "/engineering", within="Barn")
    providers.set_fault("keycloak", "access_forged")
    browser.sign_in("keycloak", "grace")

    assert claim_rules.roles() == {"Barn": "member"}


@pytest.mark.promise(30)
def test_a_rule_created_while_a_person_is_at_the_provider_waits_for_the_next_sign_in(browser: Browser) -> None:
    """The permission for its claim was not requested: it grants nothing yet, and refuses nobody."""
    callback = browser.callback_url("github", "marie")
    claim_rules.rule("github", "organizations", "radium")
    assert browser.get(callback).status_code == 302
    assert claim_rules.roles() == {}

    Browser(browser.providers).sign_in("github", "marie")
    assert claim_rules.roles() == {"Abbey": "member"}
    assert Session.objects.count() == 1
