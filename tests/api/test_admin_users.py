"""People and their sessions through the API of the administrators: who sees whom, and who changes what."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import CutOff, Membership, Role, Session, User
from accounts.organizations.roles import permissions
from accounts.people import search
from audit.models import Entry
from authserver.scopes import USERS_READ, USERS_WRITE
from tenancy import site_context
from tests.support.api import ask, key, session_of, token_of
from tests.support.keepers import fresh, join, keeper_of
from tests.support.services import key_of_person, key_of_service, service
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db
USERS, SESSIONS = "/api/v1/admin/users", "/api/v1/admin/sessions"
ACTS = ["deactivate", "reactivate", "require-second-factor", "reset-factors", "cut-off"]
REASON = {"reason": "A test."}
RIGHTS = ("accounts.view_user", "accounts.change_user", "accounts.view_session")


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser(username="root")


def looks_after(side: Side, *rights: str) -> User:
    """Return an administrator of a tenant who may do all that is done here, unless told otherwise."""
    return keeper_of(side, rights or RIGHTS, USERS_READ, USERS_WRITE)


def post(browser: Browser, user: User, act: str, body: Any = None) -> Any:
    return browser.post(f"{USERS}/{user.pk}/{act}", body if body is not None else {}, content_type="application/json")


def ids(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {one["id"] for one in answer.json()["items"]}


def names(*people: User) -> set[str]:
    return {str(person.pk) for person in people}


# Who sees whom


@pytest.mark.promise(46)
def test_an_administrator_sees_the_people_of_their_tenant_alone(town: Town) -> None:
    keeper = looks_after(town.a)
    here = names(town.a.owner, town.a.member, town.both, keeper)

    assert ids(ask(USERS, browser=session_of(keeper))) == here
    assert ids(ask(USERS, token_of(keeper, USERS_READ, tenant_id=town.a.tenant.pk))) == here
    assert ask(f"{USERS}/{town.a.member.pk}", browser=session_of(keeper)).status_code == 200
    for stranger in (town.b.owner.pk, uuid4()):
        assert ask(f"{USERS}/{stranger}", browser=session_of(keeper)).status_code == 404
        assert ask(f"{SESSIONS}?user={stranger}", browser=session_of(keeper)).status_code == 404


@pytest.mark.promise(46)
def test_a_superuser_sees_everybody_unless_the_credential_is_for_one_tenant(town: Town, root: User) -> None:
    everybody = names(*User.objects.all())
    join(root, town.a, "owner")
    here = names(town.a.owner, town.a.member, town.both, root)

    assert ids(ask(USERS, browser=session_of(root))) == everybody
    assert ids(ask(USERS, token_of(root, USERS_READ))) == everybody
    assert ids(ask(USERS, token_of(root, USERS_READ, tenant_id=town.a.tenant.pk))) == here
    assert ids(ask(USERS, token_of(root, f"org:{town.a.tenant.pk}:{USERS_READ}", tenant_id=town.a.tenant.pk))) == here
    assert ids(ask(USERS, key(key_of_person(root, USERS_READ).text))) == everybody


@pytest.mark.promise(47)
def test_a_service_of_a_superuser_is_no_superuser(town: Town, root: User) -> None:
    with site_context("a test makes a superuser a member"):
        role = Role.objects.create(name="reader", tenant=town.a.tenant, scopes=[USERS_READ])
        Membership.objects.create(user=root, tenant=town.a.tenant, role=role)
    header = key(key_of_service(service(town.a.tenant, root, USERS_READ)).text)

    assert ask(USERS, header).json()["missing"] == [{"permission": "accounts.view_user"}]
    with site_context("a test gives a role rights"):
        role.permissions.set(permissions(("accounts.view_user",)))
    assert ids(ask(USERS, header)) == names(town.a.owner, town.a.member, town.both, root)
    assert ask(f"{USERS}/{town.b.owner.pk}", header).status_code == 404


def test_a_right_without_the_door_of_the_admin_is_none(town: Town) -> None:
    town.a.member.user_permissions.set(permissions(("accounts.view_user",)))

    assert ask(USERS, browser=session_of(town.a.member)).json()["missing"] == [{"permission": "accounts.view_user"}]
    User.objects.filter(pk=town.a.member.pk).update(is_staff=True)
    assert ask(USERS, browser=session_of(User.objects.get(pk=town.a.member.pk))).status_code == 200


# The list


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_list_comes_in_pages_the_newest_first(town: Town, root: User, limit: int) -> None:
    now = timezone.now()
    for place, person in enumerate(User.objects.order_by("pk")):
        User.objects.filter(pk=person.pk).update(created_at=now - timedelta(hours=place // 2))  # two of each age
    found: list[str] = []
    after = "start"
    while after:
        page = ask(f"{USERS}?limit={limit}&after={'' if after == 'start' else after}", browser=session_of(root)).json()
        found += [one["id"] for one in page["items"]]
        after = page["next"]

    assert found == [str(pk) for pk in User.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)]


def test_the_list_is_filtered_as_in_the_admin(town: Town, root: User) -> None:
    User.objects.filter(pk=town.b.member.pk).update(is_active=False, email_verified=False)
    session_of(town.a.member)
    browser = session_of(root)
    owner = Role.objects.get(name="owner").pk
    cases = {
        "is_active=false": names(town.b.member),
        "is_superuser=true": names(root),
        f"tenant={town.a.tenant.pk}": names(town.a.owner, town.a.member, town.both),
        f"tenant={town.a.tenant.pk}&role={owner}": names(town.a.owner),
        f"role={owner}": names(town.a.owner, town.b.owner),
        "q=barn mem": names(town.b.member),
        f"q={town.b.tenant.pk}": names(town.b.owner, town.b.member, town.both),
        "signed_in=hour": names(town.a.member, root),
        "second_factor=true": set(),
        "provider=google": set(),
        "second_factor_required=true": set(),
        "q=nobody at all": set(),
    }

    assert {query: ids(ask(f"{USERS}?{query}", browser=browser)) for query in cases} == cases


@pytest.mark.parametrize(
    "query",
    [
        "after=%25", "after=bnVsbA", "after=WyJ4IiwieSJd", "after=NQ", "limit=0", "q=" + "x" * 201, "tenant=x",
        "role=-1", "role=99999999999999999999", "signed_in=year", "is_active=perhaps",
    ],
)  # fmt: skip
def test_a_wrong_filter_is_refused(root: User, query: str) -> None:
    answer = ask(f"{USERS}?{query}", browser=session_of(root))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("close_by", [1, 2000])
def test_a_common_word_is_found_near_by_or_among_all(
    town: Town, root: User, monkeypatch: pytest.MonkeyPatch, close_by: int
) -> None:
    """The sides: the next people fill the page, or all matches are collected (ADR 39)."""
    monkeypatch.setattr(search, "FEW", 1)
    monkeypatch.setattr(search, "CLOSE_BY", close_by)
    browser, wanted = session_of(root), names(town.a.member, town.b.member)
    first = ask(f"{USERS}?q=member&limit=1", browser=browser)
    second = ask(f"{USERS}?q=member&limit=1&after={first.json()['next']}", browser=browser)

    assert ids(first) | ids(second) == wanted
    assert second.json()["next"] == ""


def test_an_account_has_the_parts_that_its_reader_may_see(town: Town, root: User) -> None:
    everything = ask(f"{USERS}/{town.both.pk}", browser=session_of(root)).json()
    some = ask(f"{USERS}/{town.both.pk}", browser=session_of(looks_after(town.a, "accounts.view_user"))).json()

    assert {one["tenant_id"] for one in everything["memberships"]} == names_of(town.a, town.b)
    assert (everything["identities"], everything["factors"]) == ([], [])
    assert (some["memberships"], some["identities"], some["factors"]) == (None, None, None)
    of_a = looks_after(town.b, "accounts.view_user", "accounts.view_membership")
    shown = ask(f"{USERS}/{town.both.pk}", browser=session_of(of_a)).json()
    assert {one["tenant_id"] for one in shown["memberships"]} == names_of(town.b)


def names_of(*sides: Side) -> set[str]:
    return {str(side.tenant.pk) for side in sides}


# The acts


@pytest.mark.parametrize("act", ACTS)
def test_an_act_needs_the_scope_the_right_and_a_fresh_sign_in(town: Town, act: str) -> None:
    keeper = looks_after(town.a)
    path = f"{USERS}/{town.a.member.pk}/{act}"
    known = {"tenant_id": town.a.tenant.pk, "auth_time": timezone.now()}

    def lacks(**given: Any) -> Any:
        return ask(path, method="post", **given).json()["missing"]

    assert lacks(browser=session_of(keeper)) == [{"fresh": 600}]
    assert lacks(headers=token_of(keeper, USERS_READ, **known)) == [{"scope": USERS_WRITE}]
    assert lacks(headers=key(key_of_person(keeper, USERS_WRITE, tenant_id=town.a.tenant.pk).text)) == [{"fresh": 600}]
    assert {"permission": "accounts.change_user"} in lacks(browser=fresh(town.a.owner))
    assert User.objects.get(pk=town.a.member.pk).is_active


@pytest.mark.promise(31)
def test_an_account_is_deactivated_and_reactivated(town: Town) -> None:
    keeper, member = looks_after(town.a), town.a.member
    there = session_of(member)
    header = key(key_of_person(member, "openid").text)
    browser = fresh(keeper)

    for _ in range(2):  # the second time changes nothing
        assert post(browser, member, "deactivate").status_code == 204
    assert not User.objects.get(pk=member.pk).is_active
    assert (ask("/api/v1/me", browser=there).status_code, ask("/api/v1/me", header).status_code) == (401, 401)
    [entry] = Entry.objects.filter(object_table="accounts_user", object_id=str(member.pk), action="update").order_by(
        "-id"
    )[:1]
    assert (entry.actor_id, entry.tenant_id) == (str(keeper.pk), str(town.a.tenant.pk))
    assert post(browser, member, "reactivate").status_code == 204
    assert User.objects.get(pk=member.pk).is_active


def test_a_second_factor_is_required_and_factors_are_reset(town: Town, root: User) -> None:
    browser = fresh(root)

    assert post(browser, town.a.member, "require-second-factor").status_code == 204
    assert User.objects.get(pk=town.a.member.pk).second_factor_required
    assert post(browser, town.a.member, "reset-factors", REASON).json()["code"] == "conflict"
    assert post(browser, root, "reset-factors", REASON).json()["code"] == "conflict"


def test_a_person_is_cut_off_with_a_reason(town: Town) -> None:
    keeper, member = looks_after(town.a), town.a.member
    there, browser = session_of(member), fresh(keeper)

    for wrong in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}, {**REASON, "x": 1}):
        assert post(browser, member, "cut-off", wrong).status_code == 422
    answer = post(browser, member, "cut-off", {**REASON, "deactivate": False})
    assert (answer.status_code, answer.json()["deactivated"]) == (201, False)
    assert ask("/api/v1/me", browser=there).status_code == 401
    assert CutOff.objects.get().reason == "A test."
    assert post(browser, member, "cut-off", REASON).json()["deactivated"]
    assert not User.objects.get(pk=member.pk).is_active


@pytest.mark.promise(47)
@pytest.mark.parametrize("act", ACTS)
def test_nobody_acts_on_whoever_has_more_or_belongs_elsewhere(town: Town, root: User, act: str) -> None:
    """A superuser who is a member, an owner with more rights, and a member of another tenant as well."""
    keeper = looks_after(town.a)
    join(root, town.a)
    browser = fresh(keeper)

    for target in (root, town.a.owner, town.both):
        answer = post(browser, target, act, REASON if act in {"cut-off", "reset-factors"} else None)
        assert (answer.status_code, answer.json()["missing"]) == (403, [{"reach": True}])
        entry = Entry.objects.filter(action="change.refused").latest("id")
        assert (entry.actor_id, entry.person) == (str(keeper.pk), str(target.pk))
        assert User.objects.get(pk=target.pk).is_active
    assert post(browser, town.b.member, act, REASON).status_code == 404
    assert post(browser, keeper, act, REASON).status_code == 409


@pytest.mark.promise(47)
def test_a_superuser_with_a_credential_for_one_tenant_has_the_rights_of_their_role(town: Town, root: User) -> None:
    join(root, town.a)
    known = {"tenant_id": town.a.tenant.pk, "auth_time": timezone.now(), "acr": "mfa"}

    def refused(target: User) -> Any:
        path = f"{USERS}/{target.pk}/deactivate"
        return ask(path, token_of(root, USERS_WRITE, **known), method="post").json().get("missing")

    assert refused(town.a.owner) == [{"permission": "accounts.change_user"}]
    with site_context("a test gives a role rights"):
        role = Role.objects.create(name="keeper", tenant=town.a.tenant)
        role.permissions.set(permissions(RIGHTS))
        root.memberships.update(role=role)
    assert [refused(one) for one in (town.a.owner, town.both, town.b.member)] == [[{"reach": True}]] * 2 + [None]
    anywhere = token_of(root, USERS_WRITE, auth_time=timezone.now(), acr="mfa")
    assert ask(f"{USERS}/{town.both.pk}/deactivate", anywhere, method="post").status_code == 204


# Rights everywhere

NONE = {"is_staff": False, "is_superuser": False, "groups": [], "permissions": []}


def put(browser: Browser, user: User, body: Any) -> Any:
    return browser.put(f"{USERS}/{user.pk}/rights", body, content_type="application/json")


@pytest.mark.promise(28)
def test_a_superuser_replaces_the_rights_of_a_person(town: Town, root: User) -> None:
    Group.objects.create(name="Support")
    member, browser = town.a.member, fresh(root)
    there = session_of(member)
    wanted = {"is_staff": True, "is_superuser": False, "groups": ["Support"], "permissions": ["accounts.view_user"]}

    assert put(browser, member, wanted).json() == wanted
    assert ask(f"{USERS}/{member.pk}/rights", browser=browser).json() == wanted
    assert ask("/api/v1/me", browser=there).status_code == 401
    there = session_of(User.objects.get(pk=member.pk))
    assert put(browser, member, wanted).json() == wanted
    assert ask("/api/v1/me", browser=there).status_code == 200  # nothing was changed
    assert put(browser, member, NONE).json() == NONE
    assert ask("/api/v1/me", browser=there).status_code == 401


@pytest.mark.promise(47)
def test_only_a_superuser_decides_and_the_last_one_stays(town: Town, root: User) -> None:
    keeper = looks_after(town.a)
    browser = fresh(root)

    assert put(fresh(keeper), town.a.member, NONE).json()["missing"] == [{"role": "admin"}]
    assert put(session_of(root), town.a.member, NONE).json()["missing"] == [{"fresh": 600}]
    assert put(browser, root, NONE).json()["code"] == "conflict"
    assert Entry.objects.filter(action="change.refused", actor_id=str(root.pk), person=str(root.pk)).exists()
    join(root, town.a, "owner")
    of_tenant = token_of(root, USERS_READ, tenant_id=town.a.tenant.pk)
    assert ask(f"{USERS}/{root.pk}/rights", of_tenant).json()["missing"] == [{"role": "admin"}]
    other = User.objects.create_superuser(username="other")
    assert put(browser, root, {**NONE, "is_staff": True}).status_code == 200
    assert ask("/api/v1/me", browser=browser).status_code == 200  # one's own session stays
    assert put(fresh(other), other, NONE).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"groups": ["Nobody"]}, "body.groups.0"),
        ({"permissions": ["accounts.view_user", "accounts.fly"]}, "body.permissions.1"),
        ({"permissions": ["fly"]}, "body.permissions.0"),
        ({"groups": ["x"] * 501}, "body.groups"),
        ({"is_staff": None}, "body.is_staff"),
        ({"is_active": False}, "body.is_active"),
    ],
)
def test_rights_that_do_not_exist_are_refused(town: Town, root: User, wrong: Any, field: str) -> None:
    answer = put(fresh(root), town.a.member, {**NONE, **wrong})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


# Sessions


@pytest.mark.promise(37)
def test_sessions_are_listed_and_ended(town: Town) -> None:
    keeper, member = looks_after(town.a), town.a.member
    first, second = session_of(member), session_of(member)
    browser = fresh(keeper)
    listed = ask(f"{SESSIONS}?user={member.pk}", browser=browser).json()

    assert {one["id"] for one in listed} == {row.public_id for row in Session.objects.filter(user=member)}
    assert not any(len(one["id"]) > 16 for one in listed)
    ended = listed[0]["id"]
    assert ask(f"{SESSIONS}/{ended}", browser=browser, method="delete").status_code == 204
    assert ask(f"{SESSIONS}/{ended}", browser=browser, method="delete").status_code == 404
    assert {ask("/api/v1/me", browser=one).status_code for one in (first, second)} == {200, 401}
    assert ask(f"{SESSIONS}?user={member.pk}", browser=browser, method="delete").status_code == 204
    assert {ask("/api/v1/me", browser=one).status_code for one in (first, second)} == {401}
    assert Entry.objects.filter(action="session.revoked", person=str(member.pk), actor_id=str(keeper.pk)).count() == 2


@pytest.mark.promise(46)
def test_no_session_of_somebody_else_is_seen_or_ended(town: Town) -> None:
    keeper = looks_after(town.a)
    for person in (town.b.member, town.both):
        session_of(person)
    browser = fresh(keeper)
    of_b, of_both = (Session.objects.get(user=person).public_id for person in (town.b.member, town.both))

    assert ask(f"{SESSIONS}/{of_b}", browser=browser, method="delete").status_code == 404
    assert ask(f"{SESSIONS}/{of_both}", browser=browser, method="delete").json()["missing"] == [{"reach": True}]
    assert ask(f"{SESSIONS}?user={town.both.pk}", browser=browser, method="delete").status_code == 403
    assert Session.objects.filter(user__in=[town.b.member, town.both]).count() == 2
    for wrong in ("x", "0" * 15, "0" * 40, "%25" * 16):
        assert ask(f"{SESSIONS}/{wrong}", browser=browser, method="delete").status_code == 422
    assert ask(SESSIONS, browser=browser).status_code == 422
