"""Bulk actions are previewed, confirmed, applied to exactly the selected people, recorded and listed."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.bulk import running
from accounts.bulk.actions import ACTIONS
from accounts.bulk.base import SkipReason
from accounts.models import BulkAction, BulkState, Membership, Role, Session, User
from audit.models import Entry
from tenancy import person_context, site_context, tenant_context
from tests.console.lists.conftest import PEOPLE, Crowd, uncounted
from tests.support.proven import proven
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

REQUIRED = "second_factor_required"


def choose(client: Client, kind: str, *people: User, everywhere: bool = False, **query: str) -> str:
    """Select people in the list and an action, and return the URL of the action's page."""
    keys = [str(person.pk) for person in people]
    posted = {"action": kind, "_selected_action": keys, "index": "0", "select_across": "1" if everywhere else "0"}
    answer = client.post(PEOPLE, posted, query_params=query)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def press(client: Client, page: str, do: str, **posted: Any) -> None:
    assert client.post(page, {"do": do, **posted}).status_code == 302


def action() -> BulkAction:
    with site_context("a test looks"):
        found: BulkAction = BulkAction.objects.defer("targets").latest("created_at")
        return found


def text(client: Client, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def details(event: str) -> dict[str, Any]:
    return Entry.objects.get(action=event).details or {}


def signed_in(*people: User) -> None:
    expiry = timezone.now() + timedelta(hours=1)
    Session.objects.bulk_create(Session(session_key=uuid4().hex, user=person, expire_date=expiry) for person in people)


def test_a_preview_shows_who_would_change_and_why_others_would_not_and_changes_nothing(
    administrator: Client, root: User, crowd: Crowd
) -> None:
    people = crowd(5)
    User.objects.filter(pk__in=[people[0].pk, people[1].pk]).update(is_active=False)
    page = choose(administrator, "deactivate", root, *people)
    shown = text(administrator, page)

    assert "3 will change." in shown
    assert "2: already so" in shown
    assert "1: this is you" in shown
    assert f"/admin/accounts/user/{people[4].pk}/change/" in shown
    assert User.objects.filter(is_active=False).count() == 2
    assert (action().state, action().position) == (BulkState.PREVIEWED, 0 + action().total)


def test_a_confirmed_action_records_each_row_in_one_batch(administrator: Client, root: User, crowd: Crowd) -> None:
    people = crowd(5)
    signed_in(people[0], people[0], people[3])
    page = choose(administrator, "deactivate", *people)
    press(administrator, page, "confirm")

    assert not User.objects.filter(pk__in=[p.pk for p in people], is_active=True).exists()
    assert not Session.objects.filter(user__in=people).exists()
    entries = Entry.objects.filter(batch_id=action().pk)
    assert entries.filter(action="update", object_table="accounts_user").count() == 5
    assert {entry.object_id for entry in entries.filter(action="update")} == {str(p.pk) for p in people}
    assert [entry.action for entry in entries.exclude(action="update").order_by("id")] == [
        "bulk_action.started",
        *["session.revoked"] * 3,
        "bulk_action.ended",
    ]
    assert {(entry.actor_kind, entry.actor_id) for entry in entries} == {("person", str(root.pk))}
    assert "5 people were changed." in text(administrator, page)
    assert str(action().pk) in text(administrator, page)


def test_a_revoked_session_ends_at_once(administrator: Client, crowd: Crowd) -> None:
    (person,) = crowd(1)
    theirs = Client()
    proven(person, theirs)
    assert theirs.get("/accounts/").status_code == 200
    press(administrator, choose(administrator, "end_sessions", person), "confirm")

    assert theirs.get("/accounts/").status_code == 302
    assert details("session.revoked")["reason"] == "administrator"


def test_exactly_the_previewed_people_are_changed_whatever_the_filter_finds_later(
    administrator: Client, crowd: Crowd
) -> None:
    people = crowd(4)
    page = choose(administrator, "deactivate", people[0], everywhere=True, q="person000")
    late = User.objects.create_user(name="Late", email="person0009@example.com")
    press(administrator, page, "confirm")

    late.refresh_from_db()
    assert late.is_active
    assert not User.objects.filter(email__startswith="person000", is_active=True).exclude(pk=late.pk).exists()


def test_selecting_all_of_a_list_uses_its_filter_and_not_a_count(administrator: Client, crowd: Crowd) -> None:
    people = crowd(250)
    with uncounted():
        choose(administrator, "deactivate", people[0], everywhere=True, email_verified__exact="1")

    assert (action().total, action().changed) == (125, 125)


def test_people_deactivated_by_mistake_are_reactivated(administrator: Client, crowd: Crowd) -> None:
    people = crowd(3)
    for kind, is_active in (("deactivate", False), ("reactivate", True)):
        press(administrator, choose(administrator, kind, *people), "confirm")
        assert {p.is_active for p in User.objects.filter(pk__in=[p.pk for p in people])} == {is_active}


def test_confirming_twice_or_going_back_changes_nothing_more(administrator: Client, crowd: Crowd) -> None:
    page = choose(administrator, "deactivate", *crowd(2))
    press(administrator, page, "confirm")
    User.objects.update(is_active=True)
    press(administrator, page, "confirm")

    assert not User.objects.filter(is_active=False).exists()


def test_an_unwanted_action_is_discarded(administrator: Client, crowd: Crowd) -> None:
    page = choose(administrator, "deactivate", *crowd(2))
    press(administrator, page, "discard")

    assert administrator.get(page).status_code == 404
    assert not User.objects.filter(is_active=False).exists()


def test_a_tenant_and_a_role_are_requested_and_granted(administrator: Client, town: Town, crowd: Crowd) -> None:
    people = crowd(2)
    page = choose(administrator, "add_to_tenant", *people, town.a.owner)
    answer = administrator.post(page, {"do": "complete", "tenant": "no such tenant"})
    assert "There is no such tenant." in answer.content.decode()
    press(administrator, page, "complete", tenant="abbey")
    offered = text(administrator, page)
    assert "Abbey clerk" in offered
    assert "Barn clerk" not in offered
    answer = administrator.post(page, {"do": "complete", "role": town.b.role.pk})
    assert "Select a valid choice" in answer.content.decode()
    press(administrator, page, "complete", role=town.a.role.pk)
    assert "1: already so" in text(administrator, page)
    press(administrator, page, "confirm")

    with tenant_context(town.a.tenant.pk):
        assert {m.role.name for m in Membership.objects.filter(user__in=people)} == {"Abbey clerk"}
    entries = Entry.objects.filter(batch_id=action().pk, action="create")
    assert {entry.tenant_id for entry in entries} == {str(town.a.tenant.pk)}
    assert entries.count() == 2


def test_roles_are_granted_and_removed_and_sessions_end_with_them(administrator: Client, town: Town) -> None:
    signed_in(town.a.member)
    page = choose(administrator, "grant_role", town.a.owner, town.a.member, town.b.member)
    press(administrator, page, "complete", tenant=town.a.tenant.slug)
    press(administrator, page, "complete", role=Role.objects.get(name="owner").pk)
    assert action().skipped == {SkipReason.ALREADY: 1, SkipReason.NOT_A_MEMBER: 1}
    press(administrator, page, "confirm")
    assert _roles(town) == {"Abbey Owner": "owner", "Abbey Member": "owner", "Both": "member"}
    assert details("session.revoked")["reason"] == "role_changed"

    page = choose(administrator, "revoke_role", town.a.owner, town.both)
    press(administrator, page, "complete", tenant=town.a.tenant.slug)
    press(administrator, page, "complete", role=Role.objects.get(name="owner").pk)
    assert action().skipped == {SkipReason.OTHER_ROLE: 1}
    press(administrator, page, "confirm")
    assert _roles(town)["Abbey Owner"] == "member"


def test_people_are_removed_from_one_tenant_and_stay_in_others(administrator: Client, town: Town) -> None:
    page = choose(administrator, "remove_from_tenant", town.both, town.a.member)
    press(administrator, page, "complete", tenant="Abbey")
    press(administrator, page, "confirm")

    assert _roles(town) == {"Abbey Owner": "owner"}
    with person_context(town.both.pk):
        assert Membership.objects.get().tenant_id == town.b.tenant.pk
    assert Entry.objects.filter(batch_id=action().pk, action="delete").count() == 2


def _roles(town: Town) -> dict[str, str]:
    with tenant_context(town.a.tenant.pk):
        return {m.user.name: m.role.name for m in Membership.objects.select_related("user", "role")}


@pytest.fixture
def clerk(town: Town) -> Client:
    """Return a tenant's administrator, with the built-in role and access to the admin."""
    with site_context("a test appoints"):
        Membership.objects.filter(user=town.a.owner).update(role=Role.objects.get(name="admin"))
    User.objects.filter(pk=town.a.owner.pk).update(is_staff=True)
    client = Client()
    proven(town.a.owner, client)
    return client


@pytest.mark.promise(46)
def test_a_tenants_administrator_is_offered_only_actions_on_the_tenant(clerk: Client, town: Town) -> None:
    offered = clerk.get(PEOPLE).context["action_form"].fields["action"].choices

    assert {name for name, _ in offered if name} == {"grant_role", "revoke_role", "remove_from_tenant"}
    posted = {"action": "deactivate", "_selected_action": [str(town.a.member.pk)], "index": "0"}
    clerk.post(PEOPLE, posted)
    with site_context("a test looks"):
        assert not BulkAction.objects.exists()


@pytest.mark.promise(46, 47)
def test_a_tenants_administrator_cannot_reach_other_tenants_or_people_above(clerk: Client, town: Town) -> None:
    page = choose(clerk, "grant_role", town.a.member, town.b.member)
    assert "Tenant" not in {field.label for field in clerk.get(page).context["form"]}
    offered = set(re.findall(r"<option value=.\d+.>([^<]+)</option>", text(clerk, page)))
    assert offered == {"admin", "member", "Abbey clerk"}, "an owner may do more than an administrator"
    answer = clerk.post(page, {"do": "complete", "role": Role.objects.get(name="owner").pk})
    assert "Select a valid choice" in answer.content.decode()
    press(clerk, page, "complete", role=Role.objects.get(name="admin").pk)
    press(clerk, page, "confirm")

    assert _roles(town)["Abbey Member"] == "admin"
    assert (action().total, action().skipped) == (1, {}), "who is not in the list cannot be chosen"
    with tenant_context(town.b.tenant.pk):
        assert Membership.objects.get(user=town.b.member).role.name == "member"


@pytest.mark.promise(47)
def test_people_above_the_administrator_are_not_changed(clerk: Client, town: Town) -> None:
    with site_context("a test appoints"):
        Membership.objects.filter(user=town.a.member).update(role=Role.objects.get(name="owner"))
    page = choose(clerk, "remove_from_tenant", town.a.member, town.both)

    assert action().skipped == {SkipReason.OUT_OF_REACH: 1}
    press(clerk, page, "confirm")
    assert set(_roles(town)) == {"Abbey Owner", "Abbey Member"}


@pytest.mark.promise(46)
def test_an_action_is_visible_to_its_starter_and_to_superusers(
    clerk: Client, town: Town, administrator: Client
) -> None:
    page = choose(clerk, "remove_from_tenant", town.a.member)
    theirs = choose(administrator, "deactivate", town.b.member)

    assert clerk.get(theirs).status_code == 404
    assert clerk.post(theirs, {"do": "confirm"}).status_code == 404
    own = clerk.get("/admin/accounts/bulkaction/").content.decode()
    assert page in own
    assert theirs not in own
    assert text(administrator, page)
    assert administrator.post(page, {"do": "confirm"}).status_code == 403
    stranger = Client()
    proven(User.objects.create_user(name="Staff", is_staff=True), stranger)
    assert stranger.get(page).status_code in {403, 404}
    assert stranger.get("/admin/accounts/bulkaction/").status_code == 403


@pytest.mark.promise(47)
def test_the_last_superuser_stays(administrator: Client, root: User) -> None:
    other = User.objects.create_superuser(username="other")
    page = choose(administrator, "deactivate", root, other)
    press(administrator, page, "confirm")

    assert [person.username for person in User.objects.filter(is_superuser=True, is_active=True)] == ["root"]


@pytest.mark.promise(47)
def test_permissions_are_checked_again_for_every_slice(
    administrator: Client, root: User, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SLICE", 40)
    confirmed(administrator, crowd(120))
    assert running.step(action().pk, root.pk)
    User.objects.create_superuser(username="another")  # the last superuser could not be demoted
    User.objects.filter(pk=root.pk).update(is_superuser=False)
    assert running.carry_out(action().pk, root.pk)

    assert (action().state, action().stop_reason, action().changed) == (BulkState.STOPPED, "not_allowed", 40)
    assert User.objects.filter(is_active=False).count() == 40
    assert details("bulk_action.ended")["changed"] == 40


def confirmed(client: Client, people: list[User]) -> str:
    """Confirm an action on too many people for the request. It is enqueued when the request's transaction commits."""
    page = choose(client, "deactivate", *people)
    press(client, page, "confirm")
    assert action().state == BulkState.RUNNING
    return page


def test_a_large_action_continues_in_slices_and_shows_its_progress(
    administrator: Client, root: User, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SLICE", 40)
    page = confirmed(administrator, crowd(120))
    running.step(action().pk, root.pk)
    answer = administrator.get(page)
    assert "40 of 120 people" in answer.content.decode()
    assert answer["Refresh"] == "2"
    assert "Refresh" not in administrator.get(f"{page}?paused").headers
    tasks.bulk(str(action().pk), str(root.pk))

    assert (action().state, action().changed) == (BulkState.FINISHED, 120)
    assert "Refresh" not in administrator.get(page).headers
    assert Entry.objects.filter(batch_id=action().pk, action="update").count() == 120


def test_an_action_can_be_stopped_and_what_was_done_stays(
    administrator: Client, root: User, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SLICE", 40)
    page = confirmed(administrator, crowd(120))
    running.step(action().pk, root.pk)
    press(administrator, page, "stop")

    assert not running.step(action().pk, root.pk)
    assert User.objects.filter(is_active=False).count() == 40
    assert "Stopped by hand." in text(administrator, page)


def test_every_kind_of_action_has_a_label_and_a_permission(db: None) -> None:
    for kind in ACTIONS.values():
        assert str(kind.label)
        assert str(kind.question).endswith("?")
        assert kind.permission.startswith("accounts.")


@pytest.mark.skipif("require_second_factor" not in ACTIONS, reason="accounts do not know of second factors yet")
def test_a_second_factor_is_required(administrator: Client, crowd: Crowd) -> None:
    people = crowd(2)
    press(administrator, choose(administrator, "require_second_factor", *people), "confirm")

    required = [getattr(person, REQUIRED) for person in User.objects.filter(pk__in=[p.pk for p in people])]
    assert required == [True, True]
