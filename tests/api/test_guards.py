"""Guards: what an operation requires, who has it, and what the others are told."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Role, Tenant, User
from api.guards import requires
from api.management.commands import explain
from audit.models import Entry
from authserver.models import ProfileClaim, ProfileValue, RegisteredScope
from tenancy import site_context
from tests.api.guarded import GUARDS
from tests.support.api import ask, bearer, key, session_of, token_of
from tests.support.keepers import join
from tests.support.oauth import basic, registered, token_request
from tests.support.proven import proven
from tests.support.services import READ, WRITE, clerk, key_of_person, key_of_service, service
from tests.tenancy.conftest import Town

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.guarded")]


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, WRITE, name="Ada")


@pytest.fixture(autouse=True)
def _tiers() -> None:
    ProfileClaim.objects.create(name="hardware_tier", choices=["tier1", "tier2", "tier3"], is_tier=True)


def at(path: str) -> str:
    return f"/api/guarded/{path}"


def by_token(person: User, *scopes: str, path: str, **authorized: Any) -> Any:
    """Ask with an access token of this person and these scopes."""
    return ask(at(path), token_of(person, *scopes, **authorized))


def of_session(person: User, path: str) -> Any:
    return ask(at(path), browser=session_of(person))


def missing(answer: Any, status: int = 403) -> list[dict[str, Any]]:
    assert answer.status_code == status, answer.content
    found: list[dict[str, Any]] = answer.json()["missing"]
    return found


# Scopes


def test_a_token_needs_the_scope_and_a_session_needs_none(ada: User) -> None:
    assert by_token(ada, WRITE, path="scope").status_code == 200
    assert of_session(ada, "scope").status_code == 200

    answer = by_token(ada, READ, path="scope")
    assert missing(answer) == [{"scope": WRITE}]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert f'scope="{WRITE}"' in answer.headers["WWW-Authenticate"]


def test_a_scope_stands_for_those_that_it_includes(ada: User) -> None:
    RegisteredScope.objects.create(name="library", includes=["books"])
    RegisteredScope.objects.create(name="books", includes=[WRITE, "library"])  # a circle ends too

    assert by_token(ada, "library", path="scope").status_code == 200
    assert by_token(ada, "books", path="scope").status_code == 200
    assert missing(by_token(ada, "boo", path="scope")) == [{"scope": WRITE}]


def test_a_scope_of_an_organization_counts_there_alone(town: Town) -> None:
    a, b = (side.tenant.pk for side in (town.a, town.b))
    of_a = f"org:{a}:{READ}"

    assert by_token(town.both, of_a, path=f"tenants/{a}/members", tenant_id=a).status_code == 200
    assert missing(by_token(town.both, of_a, path=f"tenants/{b}/members", tenant_id=b)) == [{"scope": READ}]


def test_a_scope_of_an_organization_is_included_too(town: Town) -> None:
    RegisteredScope.objects.create(name="library", includes=[READ])
    a = town.a.tenant.pk

    assert by_token(town.both, f"org:{a}:library", path=f"tenants/{a}/members", tenant_id=a).status_code == 200


# Tenants


def test_only_the_rows_of_the_callers_tenant_are_read(town: Town) -> None:
    a = town.a.tenant.pk
    answer = by_token(town.both, READ, path=f"tenants/{a}/members", tenant_id=a)

    assert answer.json() == sorted(str(user.pk) for user in (town.a.owner, town.a.member, town.both))


@pytest.mark.promise(73)
def test_another_tenant_is_refused_whether_it_exists_or_not(town: Town) -> None:
    a, b = (side.tenant.pk for side in (town.a, town.b))
    found = [
        by_token(town.a.member, READ, path=f"tenants/{named}/members", tenant_id=a) for named in (b, uuid4(), "nothing")
    ]

    assert [answer.status_code for answer in found] == [403, 403, 403]
    assert [lack.keys() for answer in found for lack in missing(answer)] == [{"tenant"}] * 3


def test_a_caller_without_a_tenant_is_told_so() -> None:
    nobody = User.objects.create_user(name="Nobody")

    assert missing(of_session(nobody, "tenant")) == [{"tenant": "any"}]


def test_a_person_who_has_left_acts_in_no_tenant(ada: User, town: Town) -> None:
    header = token_of(ada, READ, tenant_id=town.a.tenant.pk)
    with site_context("a test removes a member"):
        ada.memberships.all().delete()

    answer = ask(at(f"tenants/{town.a.tenant.pk}/members"), header)
    assert missing(answer) == [{"tenant": str(town.a.tenant.pk)}]


# Roles and rights


def test_a_right_in_the_admin_is_that_of_the_role_in_the_active_tenant(town: Town) -> None:
    a, b = (side.tenant.pk for side in (town.a, town.b))
    with site_context("a test makes somebody an owner"):
        town.both.memberships.filter(tenant=a).update(role=Role.objects.get(name="owner"))

    assert by_token(town.both, path="permission", tenant_id=a).status_code == 200
    assert by_token(town.both, path="org_role", tenant_id=a).status_code == 200
    assert missing(by_token(town.both, path="permission", tenant_id=b)) == [{"permission": "accounts.view_membership"}]
    assert missing(by_token(town.both, path="org_role", tenant_id=b)) == [{"org_role": ["owner"]}]


def test_a_superuser_with_a_credential_for_one_tenant_has_the_rights_of_their_role_there(town: Town) -> None:
    root = User.objects.create_superuser(username="root")
    with site_context("a test makes a superuser a member"):
        membership = root.memberships.create(tenant=town.a.tenant, role=Role.objects.get(name="member"))
    lack = {"permission": "accounts.view_membership"}

    assert missing(by_token(root, path="permission", tenant_id=town.a.tenant.pk)) == [lack]
    assert missing(ask(at("permission"), key(key_of_person(root, tenant_id=town.a.tenant.pk).text))) == [lack]
    assert by_token(root, path="permission").status_code == 200
    assert of_session(root, "permission").status_code == 200
    with site_context("a test makes a superuser an owner"):
        membership.role = Role.objects.get(name="owner")
        membership.save()
    assert by_token(root, path="permission", tenant_id=town.a.tenant.pk).status_code == 200


def test_a_service_has_at_most_the_rights_of_its_owner(town: Town) -> None:
    owner, other = town.a.owner, clerk(town.a.tenant, READ)
    found = [
        ask(at("permission"), key(key_of_service(service(town.a.tenant, person, name=person.name)).text))
        for person in (owner, other)
    ]

    assert [answer.status_code for answer in found] == [200, 403]


def test_the_sites_role_is_a_persons_and_no_services(town: Town) -> None:
    root = User.objects.create_superuser(username="root")
    with site_context("a test makes a superuser a member"):
        root.memberships.create(tenant=town.a.tenant, role=Role.objects.get(name="owner"))
    job = service(town.a.tenant, root)

    assert of_session(root, "role").status_code == 200
    assert by_token(root, path="role").status_code == 200
    assert missing(ask(at("role"), key(key_of_service(job).text))) == [{"role": "admin"}]
    assert missing(of_session(town.a.owner, "role")) == [{"role": "admin"}]


def test_a_client_in_its_own_name_has_scopes_and_no_rights() -> None:
    client, secret = registered(scopes=[WRITE])
    fields = {"grant_type": "client_credentials", "scope": WRITE}
    answer: Any = token_request(Browser(), fields, basic(client.client_id, secret))
    header = bearer(answer.json()["access_token"])

    assert ask(at("scope"), header).status_code == 200
    for path in ("permission", "role", "org_role", "tenant", "tier", "fresh", "acr"):
        assert ask(at(path), header).status_code in {401, 403}


# Tiers


@pytest.mark.parametrize(
    ("tier", "status"), [("tier1", 403), ("tier2", 200), ("tier3", 200), ("gone", 403), (None, 403)]
)
def test_a_tier_is_reached_by_the_same_or_a_higher_one(ada: User, tier: str | None, status: int) -> None:
    if tier:
        ProfileValue.objects.create(claim=ProfileClaim.objects.get(), user=ada, value=tier)

    assert of_session(ada, "tier").status_code == status
    assert by_token(ada, path="tier").status_code == status


def test_without_a_tier_claim_nobody_reaches_one(ada: User) -> None:
    ProfileClaim.objects.update(is_tier=False)

    assert missing(of_session(ada, "tier")) == [{"tier": "tier2"}]


# Fresh and strong sign-ins


def test_an_old_sign_in_is_asked_for_a_newer_one(ada: User) -> None:
    now, long_ago = timezone.now(), timezone.now() - timedelta(minutes=11)

    assert by_token(ada, path="fresh", auth_time=now).status_code == 200
    answer = by_token(ada, path="fresh", auth_time=long_ago)
    assert missing(answer, 401) == [{"fresh": 600}]
    assert 'error="insufficient_user_authentication"' in answer.headers["WWW-Authenticate"]
    assert 'max_age="600"' in answer.headers["WWW-Authenticate"]


def test_a_weak_sign_in_is_asked_for_a_stronger_one(ada: User) -> None:
    now = timezone.now()

    assert by_token(ada, path="acr", auth_time=now, acr="mfa").status_code == 200
    answer = by_token(ada, path="acr", auth_time=now, acr="single")
    assert missing(answer, 401) == [{"acr": "mfa"}]
    assert 'acr_values="mfa"' in answer.headers["WWW-Authenticate"]


def test_a_session_is_as_fresh_as_its_last_proof(ada: User) -> None:
    browser = proven(ada, Browser(raise_request_exception=False))

    assert ask(at("fresh"), browser=browser).status_code == 200
    assert missing(ask(at("step_up"), browser=browser), 401) == [{"acr": "mfa"}]
    assert missing(of_session(ada, "fresh"), 401) == [{"fresh": 600}]


def test_a_key_cannot_be_fresh(ada: User, town: Town) -> None:
    new = key_of_person(ada, READ, tenant_id=town.a.tenant.pk)

    assert missing(ask(at("fresh"), key(new.text)), 401) == [{"fresh": 600}]


def test_nobody_steps_up_in_vain(ada: User) -> None:
    answer = by_token(ada, path="several", auth_time=timezone.now(), acr="single")

    assert missing(answer) == [{"scope": WRITE}, {"tier": "tier2"}, {"acr": "mfa"}]


# What is written


def test_a_refusal_is_in_the_trail_with_what_is_missing(ada: User, town: Town) -> None:
    by_token(ada, READ, path="scope", tenant_id=town.a.tenant.pk)
    entry = Entry.objects.filter(action="access.refused").latest("id")

    assert (entry.actor_id, entry.person, entry.tenant_id) == (str(ada.pk), str(ada.pk), str(town.a.tenant.pk))
    assert entry.details == {"operation": "GET /api/guarded/scope", "missing": [{"scope": WRITE}]}


@pytest.mark.promise(76)
def test_neither_trail_nor_log_repeats_what_a_caller_made_up(
    ada: User, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    ask("/api/v1/me/sessions/canary%0Aforged", token_of(ada), method="delete")
    entry = Entry.objects.filter(action="access.refused").latest("id")

    assert (entry.details or {})["operation"] == "DELETE /api/v1/me/sessions/<session_id>"
    assert "access refused" in caplog.text
    assert "canary" not in "".join(line for line in caplog.text.splitlines() if "access refused" in line)
    assert "forged" not in caplog.text


@pytest.mark.parametrize("query", ["?fails=true", "?fails=perhaps"])
def test_what_a_failed_request_wrote_is_rolled_back(town: Town, query: str) -> None:
    browser = session_of(town.a.owner)
    path = at(f"tenants/{town.a.tenant.pk}/name")
    answer = browser.post(f"{path}{query}")

    assert answer.status_code in {422, 500}
    with site_context("a test looks"):
        assert Tenant.objects.get(pk=town.a.tenant.pk).name == "Abbey"
    assert browser.post(path).status_code == 200
    with site_context("a test looks"):
        assert Tenant.objects.get(pk=town.a.tenant.pk).name == "Renamed"


def test_a_session_needs_a_csrf_token_to_change_something(town: Town) -> None:
    browser = session_of(town.a.owner)
    browser.handler.enforce_csrf_checks = True
    path = at(f"tenants/{town.a.tenant.pk}/name")

    answer = browser.post(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")

    browser.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    assert browser.post(path, headers={"X-CSRFToken": "b" * 32}).status_code == 403
    assert browser.post(path, headers={"X-CSRFToken": "a" * 32}).status_code == 200


@pytest.mark.parametrize("wrong", ["", "10", "m", "10 m", "ten", "10m5s", "-1m"])
def test_another_duration_is_a_programming_error(wrong: str) -> None:
    if wrong:
        with pytest.raises(ValueError, match="a duration"):
            requires(fresh=wrong)
    else:
        assert requires(fresh=wrong).requirement.fresh is None  # type: ignore[union-attr]  # it has a requirement


# Rights of administrators


@pytest.mark.promise(45)
@pytest.mark.parametrize("path", ["permission", "role"])
def test_rights_of_an_administrator_need_the_second_factor_of_the_admin(town: Town, settings: Any, path: str) -> None:
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    root = User.objects.create_superuser(username="root")
    now = timezone.now()

    assert by_token(root, path=path, auth_time=now, acr="mfa").status_code == 200
    assert missing(by_token(root, path=path, auth_time=now, acr="single"), 401) == [{"acr": "mfa"}]
    assert missing(by_token(root, path=path), 401) == [{"acr": "mfa"}]
    assert missing(of_session(root, path), 401) == [{"acr": "mfa"}]
    assert by_token(root, WRITE, path="scope").status_code == 200
    assert ask(at(path), key(key_of_person(root, "profile").text)).status_code == 200


# The decider, asked by the command


@pytest.mark.parametrize("scopes", [None, [], [READ], [WRITE]])
@pytest.mark.parametrize("who", ["owner", "member", "root", "root of a tenant"])
def test_the_command_explains_what_the_guard_decides(
    town: Town, monkeypatch: pytest.MonkeyPatch, who: str, scopes: list[str] | None
) -> None:
    root = User.objects.create_superuser(username="root")
    person = {"owner": town.a.owner, "member": town.a.member}.get(who, root)
    if who == "root of a tenant":
        join(root, town.a)
    tenant = None if who == "root" else town.a.tenant
    guards = {f"GET {at(name)}": requires(**words).requirement for name, words in GUARDS.items()}
    monkeypatch.setattr(explain, "operations", lambda: guards)
    out = StringIO()
    call_command(
        "explain",
        "all",
        user=str(person.pk),
        tenant=tenant and str(tenant.pk),
        scope=scopes,
        without_second_factor=scopes is None,  # as in the browser below
        json=True,
        stdout=out,
    )

    for name, explained in json.loads(out.getvalue()).items():
        path = name.removeprefix(f"GET {at('')}")
        if scopes is None:
            answer = ask(at(path), browser=proven(person, Browser(raise_request_exception=False)))
        else:
            known = {"auth_time": timezone.now(), "acr": "mfa", "tenant_id": tenant and tenant.pk}
            answer = by_token(person, *scopes, path=path, **known)
        assert answer.json().get("missing", []) == explained, path


@pytest.mark.parametrize(
    ("options", "words"),
    [({"operation": "GET /api/v1/me"}, "yes"), ({"operation": "PATCH /api/v1/me", "scope": []}, "no, missing: scope")],
)
def test_the_command_answers_in_words(ada: User, options: dict[str, Any], words: str) -> None:
    out = StringIO()
    call_command("explain", options.pop("operation"), user=str(ada.pk), stdout=out, **options)

    assert words in out.getvalue()


def test_the_command_says_that_an_account_is_not_active(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    out = StringIO()
    call_command("explain", "GET /api/v1/me", user=str(ada.pk), stdout=out)

    assert "no, missing: active" in out.getvalue()


def test_the_command_lists_the_operations_if_it_does_not_know_one(ada: User) -> None:
    with pytest.raises(CommandError, match="DELETE /api/v1/me/sessions"):
        call_command("explain", "GET /api/v1/nothing", user=str(ada.pk))
