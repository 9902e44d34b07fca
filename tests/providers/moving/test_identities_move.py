"""The command that moves identities to another issuer: its plan, its refusals, and what it leaves of the former one."""

import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ClaimRule, Identity, Membership, Role, Session, Tenant, User
from audit.models import Entry
from providers import registry
from providers.models import RefusedIdentity, UpstreamRevocation, UpstreamTokens
from providers.revocation.outbox import RevokedTokens, TokenRevocationReason, enqueue
from providers.tokens import Tokens
from providers.vault import storage
from sandbox.server import Sandbox
from tenancy import site_context
from tests.providers.moving.conftest import FORMER, NOW, Refused, known, printed, run, stopped, subjects
from tests.support.connections import connection_to
from tests.support.upstream_tokens import configured
from tests.tenancy.conftest import Town, town

__all__ = ["town"]  # a fixture of these tests too
pytestmark = pytest.mark.django_db

MapFile = Callable[[str], str]


def refusal_of(subject: str, issuer: str) -> RefusedIdentity:
    return RefusedIdentity.objects.create(
        provider="keycloak",
        issuer=issuer,
        subject=subject,
        reason="email_of_another_account",
        reference=f"REF-{RefusedIdentity.objects.count():03}",
        refused_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=30),
    )


def test_without_a_map_all_people_of_an_issuer_move_and_keep_their_subjects() -> None:
    ada, bob, other = known("ada"), known("bob"), known("ada", issuer="https://other.example")
    known("ada-2", user=ada.user)

    done = run()

    assert done == {
        "provider": "keycloak",
        "identities": 3,
        "people": 2,
        "by_provider": {"keycloak": 3},
        "staying": 0,
        "deleted_tokens": 0,
        "deleted_refusals": 0,
        "clashing": 0,
        "clashes": [],
        "moved": True,
    }
    assert (subjects(FORMER), subjects(NOW)) == (set(), {"ada", "ada-2", "bob"})
    assert Identity.objects.get(pk=bob.pk).user_id == bob.user_id
    assert Identity.objects.get(pk=other.pk).issuer == "https://other.example"


def test_with_a_map_those_in_it_move_and_get_their_new_subjects(map_file: MapFile) -> None:
    ada = known("ada")
    known("bob")

    done = run(map_file("old,new\nada,A1\n"))

    assert (done["identities"], done["staying"]) == (1, 1)
    assert (subjects(FORMER), subjects(NOW)) == ({"bob"}, {"A1"})
    assert Identity.objects.get(pk=ada.pk).subject == "A1"


def test_with_a_map_the_issuer_may_stay_the_same(map_file: MapFile) -> None:
    """An app that is registered anew at Entra knows everybody by another subject, and its tenant is the issuer."""
    known("ada", issuer=NOW)
    known("bob", issuer=NOW)
    kept = refusal_of("carol", NOW)

    done = run(map_file("ada,A1\nbob,bob\n"), from_issuer=NOW)

    assert (done["identities"], subjects(NOW)) == (2, {"A1", "bob"})
    assert list(RefusedIdentity.objects.all()) == [kept]


def test_the_plan_is_shown_and_nothing_is_written(map_file: MapFile) -> None:
    known("ada")
    known("bob", provider="google")
    known("carol")
    refusal_of("A1", NOW)

    shown = printed("--plan", map_file("ada,A1\nbob,B1\n"))

    assert shown.splitlines() == [
        f"From {FORMER} to {NOW} (Keycloak):",
        "  Identities that move: 2 (Google: 1, Keycloak: 1), of people: 2. Their subjects become those of the map.",
        "  Identities of the former issuer that stay, because they are not in the map: 1.",
        "  Tokens that are deleted, because they are of no use at the new issuer: 0.",
        "  Stored refusals that are deleted, because they lead nowhere afterwards: 1.",
        "  Accounts, memberships, second factors and sessions stay.",
    ]
    assert run("--plan")["moved"] is False
    assert subjects(FORMER) == {"ada", "bob", "carol"}
    assert not Entry.objects.filter(action="identities.moved").exists()


def test_the_trail_records_the_command_each_change_and_one_event(map_file: MapFile) -> None:
    ada = known("ada")
    run(map_file("ada,A1\n"))

    event = Entry.objects.get(action="identities.moved")
    change = Entry.objects.get(object_table="accounts_identity", action="update")
    assert event.details == {
        "from_issuer": FORMER,
        "to_issuer": NOW,
        "provider": "keycloak",
        "mapped": True,
        "identities": 1,
        "people": 1,
    }
    assert (event.actor_kind, event.actor_id) == (change.actor_kind, change.actor_id) == ("command", "identities move")
    assert event.batch_id == change.batch_id is not None
    assert (change.person, change.before) == (str(ada.user_id), {"issuer": FORMER, "subject": "(personal)"})
    assert change.personal.before == {"subject": "ada"}


def test_sessions_stay_and_follow_their_identity() -> None:
    ada = known("ada")
    followed = {"provider": "keycloak", "identity": ada.pk, "sid": "s", "opened": True}
    Session.objects.create(
        session_key="0" * 40,
        user=ada.user,
        session_data="",
        provider="keycloak",
        upstream_sid="s",
        upstream_sessions=[followed],
        expire_date=timezone.now() + timedelta(hours=1),
    )
    before = Session.objects.values().get()

    run()

    assert Session.objects.values().get() == before


def test_tokens_of_the_former_issuer_are_deleted_and_reach_nobody() -> None:
    ada, other = known("ada"), known("ada", issuer="https://other.example")
    for identity in (ada, other):
        storage.store(identity, Tokens(access_token="a", refresh_token="r", expires_in=300), provider=identity.provider)

    assert run()["deleted_tokens"] == 1
    assert [tokens.identity for tokens in UpstreamTokens.objects.all()] == [other]
    assert not UpstreamRevocation.objects.exists()


def test_who_signs_in_at_the_new_issuer_has_not_come_back_to_the_former_one() -> None:
    """A revocation that waits stays one of the former issuer, and no later sign-in cancels it."""
    ada = known("ada")
    ended = RevokedTokens(provider="keycloak", issuer=FORMER, identity_id=ada.pk, sid="s", access="a", refresh="r")
    enqueue([ended], reason=TokenRevocationReason.SIGNED_OUT)

    run()

    row = UpstreamRevocation.objects.get()
    assert (row.issuer, row.identity_id, row.sid, row.state) == (FORMER, None, "", "waiting")


def test_refusals_that_lead_nowhere_are_deleted(map_file: MapFile) -> None:
    known("ada")
    known("bob")
    of_ada, of_bob, former = refusal_of("A1", NOW), refusal_of("bob", NOW), refusal_of("eve", FORMER)

    assert run(map_file("ada,A1\n"))["deleted_refusals"] == 1
    assert set(RefusedIdentity.objects.all()) == {of_bob, former}
    assert not RefusedIdentity.objects.filter(pk=of_ada.pk).exists()
    assert run()["deleted_refusals"] == 2
    assert not RefusedIdentity.objects.exists()


def test_an_upstream_issuer_is_a_target_too(providers: Sandbox, refused: Refused, town: Town) -> None:
    configured(providers, issuer="https://tokens.example")
    ada = known("ada", provider="upstream")

    assert f"Whose '{FORMER}' is, nobody can tell" in refused(to_issuer="https://tokens.example")
    with site_context("a test gives an upstream issuer to a tenant"):
        former = configured(providers, issuer=FORMER, tenant=town.a.tenant)
    assert "belong to different owners" in refused(to_issuer="https://tokens.example")
    former.tenant = None
    former.save()
    assert run(to_issuer="https://tokens.example")["provider"] == "upstream"
    assert Identity.objects.get(pk=ada.pk).provider == "upstream"


def test_each_of_several_connections_to_an_issuer_keeps_its_people(providers: Sandbox) -> None:
    for slug in ("first", "second"):
        connection_to(providers, slug=slug, label=slug, issuer="https://idp.example")
    known("ada", provider="second")
    known("bob")

    run(to_issuer="https://idp.example")

    assert list(Identity.objects.order_by("subject").values_list("provider", flat=True)) == ["second", "first"]


def test_identities_follow_to_another_provider(map_file: MapFile) -> None:
    google = registry.of_environment()["google"].issues_as
    known("ada")

    assert run(map_file("ada,1\n"), to_issuer=google)["by_provider"] == {"keycloak": 1}
    assert Identity.objects.get().provider == "google"


def test_roles_that_claims_gave_hold_people_at_their_provider(refused: Refused) -> None:
    """The kind of fault: a role outlives the provider whose claims gave it, as no sign-in there withdraws it."""
    google = registry.of_environment()["google"].issues_as
    ada = known("ada")
    with site_context("a test gives a role by rule"):
        tenant, role = Tenant.objects.create(name="Abbey"), Role.objects.get(name="member")
        rule = ClaimRule.objects.create(
            provider="keycloak", claim="groups", value="monks", tenant=tenant, role=role, position=1
        )
        Membership.objects.create(user=ada.user, tenant=tenant, role=role, rule=rule)

    assert refused(to_issuer=google) == (
        "Claim rules of Keycloak gave these people memberships (1), which no sign-in at Google would withdraw. "
        "First change the provider of these rules, or delete them."
    )
    with site_context("a test changes the rule"):
        ClaimRule.objects.update(provider="google")
    assert run(to_issuer=google)["moved"]


@pytest.mark.parametrize("options", [[], ["--plan"], ["--yes"], ["--json"]])
def test_a_subject_that_is_connected_already_stops_the_whole_move(map_file: MapFile, options: list[str]) -> None:
    ada, holder = known("ada"), known("A1", issuer=NOW)
    known("bob")

    shown = stopped(
        *options, map_file("ada,A1\nbob,B1\n"), message="New subjects that are connected already: 1. Nothing was moved"
    )

    assert subjects(FORMER) == {"ada", "bob"}
    if options == ["--json"]:
        clash = {"subject": "ada", "new_subject": "A1", "account": str(ada.user_id), "holder": str(holder.user_id)}
        document = json.loads(shown)
        assert (document["moved"], document["clashing"], document["clashes"]) == (False, 1, [clash])
    else:
        assert shown.splitlines()[-1] == (
            f"  In the way: 'A1', which 'ada' of the account {ada.user_id} should become, "
            f"is connected to the account {holder.user_id}."
        )


def test_of_many_clashes_the_first_are_listed() -> None:
    for number in range(25):
        known(f"{number:02}")
        known(f"{number:02}", issuer=NOW)

    shown = stopped(message="New subjects that are connected already: 25. Nothing was moved")

    assert shown.count("In the way") == 20
    assert shown.rstrip().endswith("and 5 others")


def test_people_do_not_trade_subjects_in_one_move(map_file: MapFile, refused: Refused) -> None:
    known("ada", issuer=NOW)
    known("bob", issuer=NOW)

    assert "New subjects that are connected already: 2." in refused(map_file("ada,bob\nbob,ada\n"), from_issuer=NOW)


@pytest.mark.parametrize(
    ("issuers", "message"),
    [
        ({"from_issuer": NOW, "to_issuer": NOW}, "Both issuers are the same"),
        ({"from_issuer": f"{FORMER}/"}, f"No identity has the issuer '{FORMER}/'. They have: '{FORMER}'."),
        ({"from_issuer": ""}, "No identity has the issuer ''"),
        ({"from_issuer": "a\0b"}, "No identity has the issuer 'a\\x00b'"),
        ({"from_issuer": "\udcff"}, "No identity has the issuer '\\udcff'"),
        ({"to_issuer": f"{NOW}/"}, f"No provider has the issuer '{NOW}/'. Configure it first"),
        ({"to_issuer": "x" * 300}, "No provider has the issuer"),
        ({"to_issuer": "a\0b"}, "No provider has the issuer"),
    ],
    ids=["the same", "a slash more", "empty", "NUL", "a surrogate", "a slash more there", "too long", "NUL there"],
)
def test_wrong_issuers_are_refused(refused: Refused, issuers: dict[str, str], message: str) -> None:
    known("ada")

    assert message in refused(**issuers)


def test_a_refusal_lists_the_issuers_that_are_configured(refused: Refused) -> None:
    known("ada")

    message = refused(to_issuer="https://typo.example")
    assert all(repr(provider.issues_as) in message for provider in registry.of_environment().values())


def test_a_second_run_finds_nobody_and_changes_nothing(refused: Refused) -> None:
    known("ada")
    run()

    assert f"No identity has the issuer '{FORMER}'" in refused()


def test_an_installation_without_people_says_so(refused: Refused) -> None:
    assert "They have: none." in refused()


def test_old_subjects_that_nobody_has_are_refused(map_file: MapFile, refused: Refused) -> None:
    known("ada")
    known("bob", issuer="https://other.example")
    lines = "".join(f"stranger-{number:02},new-{number}\n" for number in range(30))

    assert refused(map_file("ada,A1\nbob,B1\n")) == f"Old subjects that nobody has at '{FORMER}' (1): 'bob'."
    message = refused(map_file(f"ada,A1\n{lines}"))
    assert f"Old subjects that nobody has at '{FORMER}' (30): 'stranger-00', " in message
    assert message.endswith("'stranger-19' and 10 others.")


@pytest.mark.parametrize(
    ("content", "message"),
    [("ada,A1\nada,A2\n", "line 2: 'ada' has"), ("ada\n", "line 1: expected"), ("", "no line")],
)
def test_a_file_that_is_no_map_is_refused(map_file: MapFile, refused: Refused, content: str, message: str) -> None:
    known("ada")

    assert message in refused(map_file(content))


def test_a_map_that_is_missing_is_refused(refused: Refused) -> None:
    known("ada")

    assert "No such file" in refused("--map=/no/such/map.csv")


@pytest.mark.parametrize("is_active", [True, False])
def test_nobody_moves_between_the_site_and_a_tenant(
    refused: Refused, providers: Sandbox, town: Town, *, is_active: bool
) -> None:
    """The kind of fault: whoever runs the new issuer signs in as people whom the former owner has connected."""
    there = "https://idp.abbey.example"
    connection_to(providers, slug="abbey", tenant=town.a.tenant, issuer=there)
    connection_to(providers, slug="abbey-2", tenant=town.a.tenant, issuer=f"{there}/former", is_active=is_active)
    known("ada", provider="google")

    assert "belong to different owners" in refused(to_issuer=there)
    Identity.objects.update(provider="abbey-2")
    assert "belong to different owners" in refused()
    assert run(to_issuer=there)["moved"]


def test_identities_of_a_provider_that_is_gone_do_not_move(refused: Refused) -> None:
    known("ada", provider="acme")

    assert "the provider 'acme' is not configured any more" in refused()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "options", "moves"),
    [("y\n", [], True), ("n\n", [], False), ("\n", [], False), ("", ["--yes"], True), ("", ["--plan"], False)],
)
def test_on_a_terminal_it_asks_first(
    monkeypatch: pytest.MonkeyPatch, typed: str, options: list[str], *, moves: bool
) -> None:
    known("ada")
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    stops = not moves and options == []

    with pytest.raises(CommandError, match=r"^Nothing was moved\.$") if stops else nullcontext():
        printed(*options)
    assert subjects(NOW) == ({"ada"} if moves else set())


def crowd(count: int, *, prefix: str) -> None:
    people = User.objects.bulk_create(User(name=f"Person {number}") for number in range(count))
    Identity.objects.bulk_create(
        Identity(user=person, provider="keycloak", issuer=FORMER, subject=f"{prefix}-{number}")
        for number, person in enumerate(people)
    )


@pytest.mark.slow
def test_thousands_move_in_as_many_statements_as_a_few(map_file: MapFile) -> None:
    counts: list[int] = []
    for size in (2, 3, 3000):  # the first time, this process reads which connections there are
        crowd(size, prefix=f"of-{size}")
        option = map_file("".join(f"of-{size}-{number},new-{size}-{number}\n" for number in range(size)))
        began = time.monotonic()
        with CaptureQueriesContext(connection) as statements:
            assert run(option)["identities"] == size
        counts.append(len(statements))
        assert time.monotonic() - began < 10

    assert counts[1] == counts[2]
    assert Entry.objects.filter(object_table="accounts_identity", action="update").count() == 3005
