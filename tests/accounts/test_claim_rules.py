"""Claim rules on their own: their paths, their decisions, who may write them, and the preview."""

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ClaimRule, Identity, Membership, Role, Session, User
from accounts.organizations.claim_rules import applying
from accounts.organizations.claim_rules.decision import CurrentMembership, LoadedRule, decide
from accounts.organizations.claim_rules.paths import BrokenPath, matches, parse, write
from accounts.organizations.claim_rules.preview import MATCHES, EffectKind, preview
from accounts.organizations.claim_rules.requested_claims import requested_claims
from audit.models import Entry
from sandbox.server import Sandbox
from tenancy import site_context, tenant_context
from tests.support import claim_rules
from tests.support.proven import proven, sign_in

NAMES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=12)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=3),
    max_leaves=12,
)
TENANTS = [UUID(int=number) for number in range(4)]


# Paths


@given(st.lists(NAMES, min_size=1, max_size=8))
@pytest.mark.promise(30)
def test_every_path_can_be_written_and_read_again(names: list[str]) -> None:
    assert parse(write(names)) == tuple(names)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("hd", ("hd",)),
        ("realm_access.roles", ("realm_access", "roles")),
        ('resource_access."my.client".roles', ("resource_access", "my.client", "roles")),
        ('"https://vestibule.example/groups"', ("https://vestibule.example/groups",)),
        (r'"a\"b\\c".d', ('a"b\\c', "d")),
        ("two words.ü", ("two words", "ü")),
    ],
)
@pytest.mark.promise(30)
def test_a_path_consists_of_names_separated_by_dots(path: str, names: tuple[str, ...]) -> None:
    assert parse(path) == names


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "a.", ".a", "a..b", '"', '"a', 'a"b"', '"a"b', '""'),
        *("a\0b", "a\nb", "a\\b", " a", '"a\\n"', ".".join("abcdefghi")),
    ],
)
@pytest.mark.promise(30)
def test_a_malformed_path_is_refused_with_a_sentence(path: str) -> None:
    with pytest.raises(BrokenPath, match=r"\w+ .*\.$"):
        parse(path)


@given(st.text(max_size=20))
@pytest.mark.promise(30)
def test_no_text_makes_the_parser_of_paths_fail(path: str) -> None:
    with suppress(BrokenPath):
        assert parse(write(parse(path))) == parse(path)


@given(JSON, st.lists(st.sampled_from("ab"), min_size=1, max_size=4), st.sampled_from(["a", "b", ""]))
@pytest.mark.promise(30)
def test_a_claim_of_any_shape_matches_or_does_not(claims: Any, names: list[str], value: str) -> None:
    found: Any = claims
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    expected = (isinstance(found, str) and found == value) or (isinstance(found, list) and value in found)

    assert matches(claims, names, value) is expected


@pytest.mark.parametrize(
    ("claim", "is_match"),
    [
        ("admin", True),
        (["other", "admin"], True),
        ("Admin", False),
        ("admin ", False),
        ("аdmin", False),  # noqa: RUF001  # a Cyrillic letter that looks like an a
        ("ad\u200bmin", False),
        ([["admin"]], False),
        ({"admin": True}, False),
        ("admin,other", False),
        (True, False),
        (None, False),
        ([None, 7, {"a": "admin"}], False),
        ([f"group-{number}" for number in range(10_000)] + ["admin"], True),
    ],
)
@pytest.mark.promise(30)
def test_only_the_exact_text_counts(claim: Any, is_match: bool) -> None:  # noqa: FBT001  # a case
    assert matches({"roles": claim}, ["roles"], "admin") is is_match


# Decisions

RULES = st.lists(
    st.builds(
        LoadedRule,
        id=st.integers(1, 6),
        tenant_id=st.sampled_from(TENANTS),
        role_id=st.integers(1, 3),
        names=st.sampled_from([(), ("a",), ("b", "a")]),
        value=st.sampled_from(["x", "y"]),
        position=st.integers(0, 2),
    ),
    max_size=6,
    unique_by=lambda rule: rule.id,
)
CLAIMS = st.fixed_dictionaries(
    {}, optional={"a": st.sampled_from(["x", "y", ["x", "y"], 7]), "b": st.sampled_from([{"a": "x"}, "x", None])}
)
HELD = st.lists(
    st.builds(
        CurrentMembership,
        id=st.integers(1, 9),
        tenant_id=st.sampled_from(TENANTS),
        role_id=st.integers(1, 3),
        rule_id=st.none() | st.integers(1, 6),
        is_of_provider=st.booleans(),
        is_current=st.booleans(),
        rank=st.tuples(st.integers(0, 2), st.integers(1, 6)),
    ),
    max_size=4,
    unique_by=(lambda held: held.tenant_id, lambda held: held.id),
)
UNREADABLE = st.sampled_from([(), ("a",), ("b",), ("a", "b")])


@given(RULES, CLAIMS, HELD, UNREADABLE)
@pytest.mark.promise(30)
def test_every_decision_follows_the_documented_rules(
    rules: list[LoadedRule], claims: dict[str, Any], held: list[CurrentMembership], unreadable: tuple[str, ...]
) -> None:
    changes = decide(rules, claims, held, unreadable=unreadable)
    touched = {membership.id for membership, _ in changes.alter} | {membership.id for membership in changes.withdraw}
    after = {m.tenant_id: (m.role_id, m.rule_id) for m in held if m not in changes.withdraw}
    after |= {membership.tenant_id: (rule.role_id, rule.id) for membership, rule in changes.alter}
    after |= {rule.tenant_id: (rule.role_id, rule.id) for rule in changes.give}

    for membership in held:
        if membership.rule_id is None:
            assert membership.id not in touched, "what a person granted stays"
    for rule in [*changes.give, *(rule for _, rule in changes.alter)]:
        assert rule.names[0] not in unreadable, "an unreadable claim grants nothing"
        assert matches(claims, rule.names, rule.value), "nothing is granted without the claim"
        better = [r for r in rules if r.tenant_id == rule.tenant_id and r.rank < rule.rank]
        assert not any(matches(claims, r.names, r.value) and r.names[0] not in unreadable for r in better)
    assert not {rule.tenant_id for rule in changes.give} & {membership.tenant_id for membership in held}
    for membership in held:
        if membership.rule_id is not None and membership.is_of_provider and after.get(membership.tenant_id):
            _, by = after[membership.tenant_id]
            assert any(r.id == by and matches(claims, r.names, r.value) for r in rules), (
                "a membership ends with its claim"
            )


@given(RULES, CLAIMS, HELD, UNREADABLE)
@pytest.mark.promise(30)
def test_deciding_again_changes_nothing(
    rules: list[LoadedRule], claims: dict[str, Any], held: list[CurrentMembership], unreadable: tuple[str, ...]
) -> None:
    def by(rule: LoadedRule, number: int) -> CurrentMembership:
        return CurrentMembership(
            id=number,
            tenant_id=rule.tenant_id,
            role_id=rule.role_id,
            rule_id=rule.id,
            is_of_provider=True,
            rank=rule.rank,
        )

    changes = decide(rules, claims, held, unreadable=unreadable)
    altered = {membership.id: by(rule, membership.id) for membership, rule in changes.alter}
    after = [altered.get(membership.id, membership) for membership in held if membership not in changes.withdraw]
    after += [by(rule, 100 + number) for number, rule in enumerate(changes.give)]

    assert not decide(rules, claims, after, unreadable=unreadable)


@given(CLAIMS, HELD)
@pytest.mark.promise(30)
def test_without_a_rule_claims_grant_nothing(claims: dict[str, Any], held: list[CurrentMembership]) -> None:
    changes = decide([], claims, held)

    assert not changes.give
    assert not changes.alter
    assert {membership.id for membership in changes.withdraw} == {
        membership.id
        for membership in held
        if membership.rule_id is not None and (membership.is_of_provider or not membership.is_current)
    }


# Writing rules


@pytest.mark.django_db
@pytest.mark.promise(30, 73)
def test_the_database_accepts_no_rule_in_a_tenants_context() -> None:
    made = claim_rules.rule("google", "hd", "corp.example")
    member = Role.objects.get(name="member")
    with tenant_context(made.tenant_id):
        assert ClaimRule.objects.get() == made
        assert ClaimRule.objects.update(value="example.com") == 0
        assert ClaimRule.objects.all().delete()[0] == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            ClaimRule.objects.create(
                provider="google", claim="hd", value="example.com", tenant_id=made.tenant_id, role=member
            )
    with tenant_context(claim_rules.tenant("Barn").pk):
        assert not ClaimRule.objects.exists()


@pytest.mark.django_db
@pytest.mark.promise(30)
def test_a_rule_grants_no_role_of_another_tenant() -> None:
    barn = claim_rules.tenant("Barn")
    with site_context("a test"):
        clerk = Role.objects.create(name="clerk", tenant=barn)
        rule = ClaimRule(provider="google", claim="hd", value="x", tenant=claim_rules.tenant("Abbey"), role=clerk)
        with pytest.raises(ValidationError, match="another tenant"):
            rule.full_clean()
        with pytest.raises(DatabaseError, match="site_writes_new"), transaction.atomic():
            rule.save()


@pytest.mark.django_db
@pytest.mark.parametrize("claim", ["name", "email", "login", "preferred_username", "address.country", '"company"'])
@pytest.mark.promise(30)
def test_a_self_asserted_claim_cannot_be_used_in_a_rule(claim: str) -> None:
    with pytest.raises(ValidationError, match="choose this themselves"):
        claim_rules.rule("github", claim, "engineering")


@pytest.mark.django_db
@pytest.mark.promise(30)
def test_a_path_is_stored_in_one_spelling_and_a_rule_only_once() -> None:
    made = claim_rules.rule("keycloak", '"realm_access".roles', "admin")
    assert made.claim == "realm_access.roles"

    with pytest.raises(ValidationError, match="There is a rule"):
        claim_rules.rule("keycloak", 'realm_access."roles"', "admin")


@pytest.mark.django_db
@pytest.mark.promise(30)
def test_requested_claims_follow_each_change_of_a_rule(providers: Sandbox) -> None:
    assert requested_claims("keycloak") == frozenset()
    made = claim_rules.rule("keycloak", "realm_access.roles", "admin")
    claim_rules.rule("keycloak", "groups", "admin")
    assert requested_claims("keycloak") == {"realm_access", "groups"}
    assert requested_claims("google") == frozenset()

    claim_rules.change(made, is_active=False)
    assert requested_claims("keycloak") == {"groups"}
    with site_context("a test"):
        ClaimRule.objects.all().delete()
    assert requested_claims("keycloak") == frozenset()


@pytest.mark.django_db
@pytest.mark.promise(30)
def test_a_malformed_path_grants_nothing_and_breaks_nothing(providers: Sandbox) -> None:
    made = claim_rules.rule("google", "hd", "corp.example")
    with site_context("a test"):
        ClaimRule.objects.update(claim="hd..")
    user = person("Ada", {"hd": "corp.example"})
    identity = Identity.objects.get(user=user)

    assert requested_claims("google") == frozenset()
    known = applying.load_rules(identity, through="google")
    provided = applying.ProvidedClaims(provider="google", claims=identity.claims)
    assert not applying.apply_rules(identity, provided, known, keep=None)
    assert claim_rules.roles() == {}
    assert made.pk


# The preview


def person(name: str, claims: Any, *, provider: str = "google") -> User:
    user = User.objects.create_user(name=name)
    Identity.objects.create(user=user, provider=provider, issuer="https://i", subject=name, claims=claims)
    return user


def member(user: User, rule: ClaimRule | None, *, role: str = "member", within: str = "Abbey") -> None:
    with site_context("a test"):
        Membership.objects.create(
            user=user, tenant=claim_rules.tenant(within), role=Role.objects.get(name=role), rule=rule
        )


def previewed(rule: ClaimRule) -> dict[str, list[str]]:
    with site_context("a test"):
        found = preview(rule)
    assert found.is_known
    return {kind.value: sorted(p.name for p in effect.people) for kind, effect in found.effects.items()}


@pytest.mark.django_db
@pytest.mark.promise(30)
def test_a_preview_shows_who_would_gain_and_who_would_lose_a_membership() -> None:
    rule = claim_rules.rule("google", "hd", "old.example", position=5)
    first = claim_rules.rule("google", "hd", "first.example", position=1)
    last = claim_rules.rule("google", "hd", "last.example", position=9)
    person("New", {"hd": "corp.example"})
    person("Elsewhere", {"hd": "corp.example"}, provider="keycloak")
    person("Off", {"hd": "corp.example"})
    User.objects.filter(name="Off").update(is_active=False)
    for name, hd, by in (
        ("Hand", "corp.example", None),
        ("Old", "old.example", rule),
        ("Stays", "corp.example", rule),
        ("First", "corp.example", first),
        ("Last", "corp.example", last),
    ):
        member(person(name, {"hd": hd}), by)
    rule.value = "corp.example"

    assert previewed(rule) == {
        "gain": ["New"],
        "lose": ["Old"],
        "keep": ["Stays"],
        "by_hand": ["Hand"],
        "by_other": ["First"],
        "change": ["Last"],
    }
    rule.is_active = False
    assert previewed(rule) == {"lose": ["Old", "Stays"]}
    rule.is_active, rule.tenant = True, claim_rules.tenant("Barn")
    assert previewed(rule) == {"gain": ["First", "Hand", "Last", "New", "Stays"], "lose": ["Old", "Stays"]}


@pytest.mark.django_db
@given(claims=JSON)
@pytest.mark.promise(30)
def test_the_preview_matches_what_the_decision_matches(claims: Any) -> None:
    """The preview compares in SQL what a sign-in compares in Python."""
    try:
        text = json.dumps(claims, allow_nan=False)
    except ValueError:
        return
    if "\\u0000" in text or "\\ud" in text:
        return  # jsonb cannot store such text
    match = MATCHES.format(claim="(c -> 'a' -> 'b')")
    sql = f"SELECT coalesce({match}, false) FROM (SELECT %(text)s::jsonb AS c) x"  # noqa: S608  # ours
    with connection.cursor() as cursor:
        cursor.execute(sql, {"text": text, "value": "a"})
        (found,) = cursor.fetchone()

    assert found is matches(claims, ["a", "b"], "a")


# The admin

ADD = "/admin/accounts/claimrule/add/"


@pytest.fixture
def administrator(db: None) -> Client:
    return proven(User.objects.create_superuser(username="root", name="Root"))


def filled_in(**changes: Any) -> dict[str, Any]:
    tenant, role = claim_rules.tenant(), Role.objects.get(name="member")
    return {
        "provider": "google",
        "claim": "hd",
        "value": "corp.example",
        "tenant": str(tenant.pk),
        "role": str(role.pk),
        "position": "0",
        "is_active": "on",
    } | changes


def count() -> int:
    with site_context("a test"):
        return ClaimRule.objects.count()


@pytest.mark.promise(30)
def test_a_rule_is_previewed_before_it_is_saved(administrator: Client) -> None:
    for number in range(25):
        person(f"<b>Person</b> {number:02}", {"hd": "corp.example"})
    shown = administrator.post(ADD, filled_in())

    page = shown.content.decode()
    assert (shown.status_code, count()) == (200, 0)
    assert "Would get this role: 25" in page
    assert "Would lose what this rule gave: 0" in page
    assert page.count("&lt;b&gt;Person") == 20
    assert "and more" in page

    saved = administrator.post(ADD, filled_in(_confirmed="yes"))
    assert (saved.status_code, count()) == (302, 1)
    assert Entry.objects.filter(object_table="accounts_claimrule", action="create").exists()


@pytest.mark.parametrize("confirmed", [{}, {"_confirmed": "yes"}])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"claim": "realm_access..roles"}, "A name is missing"),
        ({"claim": 'a."b'}, "not closed"),
        ({"claim": "email"}, "choose this themselves"),
        ({"provider": "facebook"}, "Select a valid choice"),
        ({"value": ""}, "This field is required"),
        ({"value": "x" * 256}, "at most 255"),
        ({"tenant": "9" * 8}, "is not a valid UUID"),
        ({"tenant": "99999999-8888-4777-8666-555555555555"}, "Select a valid choice"),
        ({"role": "0"}, "Select a valid choice"),
        ({"position": "-1"}, "greater than or equal to 0"),
    ],
)
@pytest.mark.promise(30)
def test_a_wrong_rule_is_refused_with_or_without_its_preview(
    administrator: Client, confirmed: dict[str, str], wrong: dict[str, str], words: str
) -> None:
    answer = administrator.post(ADD, filled_in(**wrong, **confirmed))

    assert (answer.status_code, count()) == (200, 0)
    assert words in answer.content.decode()


@pytest.mark.promise(30)
def test_a_role_of_another_tenant_is_refused_in_the_form(administrator: Client) -> None:
    with site_context("a test"):
        clerk = Role.objects.create(name="clerk", tenant=claim_rules.tenant("Barn"))
    answer = administrator.post(ADD, filled_in(role=str(clerk.pk), _confirmed="yes"))

    assert "This role belongs to another tenant." in answer.content.decode()
    assert count() == 0


@pytest.mark.promise(30)
def test_a_rule_keeps_its_provider(administrator: Client) -> None:
    made = claim_rules.rule("google", "hd", "corp.example")
    change = f"/admin/accounts/claimrule/{made.pk}/change/"
    administrator.post(change, filled_in(provider="keycloak", _confirmed="yes"))
    with site_context("a test"):
        assert ClaimRule.objects.get().provider == "google"

    assert b"Google" in administrator.get(change).content
    assert administrator.post(change, filled_in(value="other.example")).status_code == 200
    assert administrator.post(change, filled_in(value="other.example", _confirmed="yes")).status_code == 302
    with site_context("a test"):
        assert ClaimRule.objects.get().value == "other.example"


@pytest.mark.parametrize("path", ["", "add/", "1/change/", "1/delete/", "1/history/"])
@pytest.mark.promise(30)
def test_rules_are_for_superusers_only(db: None, path: str) -> None:
    """Permissions do not suffice, because a rule could admit all people of a provider."""
    client, staff = Client(), User.objects.create_user(name="Staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    sign_in(client, staff)
    url = f"/admin/accounts/claimrule/{path}"

    for answer in (client.get(url), client.post(url, filled_in(_confirmed="yes")), client.post(url, filled_in())):
        assert answer.status_code in {302, 403, 404}
        assert b"Would get" not in answer.content
    assert b"claimrule" not in client.get("/admin/").content
    assert count() == 0


@pytest.mark.parametrize("way", ["page", "action"])
@pytest.mark.promise(30)
def test_deleting_a_rule_withdraws_its_memberships_at_once(administrator: Client, way: str) -> None:
    rule = claim_rules.rule("google", "hd", "corp.example")
    given, by_hand = person("Given", {}), person("By hand", {})
    member(given, rule)
    member(by_hand, None)
    for user in (given, by_hand):
        sign_in(Client(), user)
    url, data = f"/admin/accounts/claimrule/{rule.pk}/delete/", {}
    if way == "action":
        url, data = "/admin/accounts/claimrule/", {"action": "delete_selected", "_selected_action": str(rule.pk)}
    asked = administrator.post(url, data) if way == "action" else administrator.get(url)
    assert "1 membership that it gave" in asked.content.decode()
    assert count() == 1

    administrator.post(url, data | {"post": "yes"})
    with site_context("a test"):
        assert [m.user.name for m in Membership.objects.select_related("user")] == ["By hand"]
    assert count() == 0
    assert not Session.objects.filter(user=given).exists()
    assert Session.objects.filter(user=by_hand).exists()
    assert Entry.objects.filter(object_table="accounts_membership", action="delete").count() == 1
    ended = Entry.objects.get(action="session.revoked").details
    assert ended
    assert ended["reason"] == "role_changed"


@pytest.mark.django_db
@pytest.mark.promise(30)
def test_a_preview_that_takes_too_long_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = claim_rules.rule("google", "hd", "corp.example")
    person("Ada", {"hd": "corp.example"})
    monkeypatch.setattr("accounts.organizations.claim_rules.preview.LOOKED_AT", (1,))
    with site_context("a test"):
        assert preview(rule).is_estimate
        monkeypatch.setattr(
            "accounts.organizations.claim_rules.preview.EFFECTS", "SELECT pg_sleep(5) -- {matches}{shown}"
        )
        monkeypatch.setattr("accounts.organizations.claim_rules.preview.LONGEST", 20)
        found = preview(rule)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            assert cursor.fetchone() == ("0",)

    assert not found.is_known
    assert found.of(EffectKind.GAIN).count == 0
