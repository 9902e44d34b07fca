"""The trail in the admin can be read and searched, and not changed."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from audit.models import Entry
from tests.support.proven import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    root = User.objects.create_superuser(username="root")
    sign_in(client, root)
    return client


def test_the_list_shows_who_did_what_to_what(staff: Client) -> None:
    with acting(actor=Actor(ActorKind.SERVICE, "payroll")):
        group = Group.objects.create(name="staff")
    page = staff.get("/admin/audit/entry/").content.decode()

    assert '<span class="quiet">service</span> <span title="payroll">payroll</span>' in page
    assert f'<span class="quiet">group</span> <a href="/admin/auth/group/{group.pk}/change/"' in page


def test_a_search_accepts_whole_ids_of_objects_people_actors_and_requests(staff: Client) -> None:
    person, request_id = str(uuid4()), uuid4()
    with acting(request_id=request_id, actor=Actor(ActorKind.SERVICE, "payroll")):
        record(Event.SIGN_IN_SUCCEEDED, person=person, object=("some_table", "key-17"))

    for term in (person, str(request_id), "payroll", "key-17"):
        assert _found(staff, q=term) == 1
    for term in (person[:-1], "key", "sign_in"):
        assert _found(staff, q=term) == 0


def test_the_list_can_be_filtered_by_action_and_source(staff: Client) -> None:
    record(Event.SIGN_IN_REFUSED)
    group = Group.objects.create(name="staff")

    assert _found(staff, action="sign_in.refused") == 1
    assert {entry.source for entry in _shown(staff, source="event")} == {"event"}
    announced = _shown(staff, action="create", source="signal")
    assert {(entry.action, entry.source) for entry in announced} == {("create", "signal")}
    assert announced[0].object_id == str(group.pk)


def test_an_entry_shows_values_before_and_after_including_personal_ones(staff: Client) -> None:
    user = User.objects.create_user(name="<b>Ada</b>", email="ada@example.com", password="canary")
    user.email, user.is_staff = "countess@example.com", True
    user.save()
    page = staff.get(f"/admin/audit/entry/{Entry.objects.latest('id').pk}/change/").content.decode()
    page = re.sub("</?(del|ins)>", "", page)  # the markup of changes

    assert "is_staff" in page
    assert "ada@example.com" in page
    assert "countess@example.com" in page
    created = staff.get(f"/admin/audit/entry/{Entry.objects.filter(action='create').latest('id').pk}/change/")
    assert "&lt;b&gt;Ada" in created.content.decode()


@pytest.mark.promise(48, 75)
def test_nothing_can_be_added_changed_or_deleted(staff: Client) -> None:
    group = Group.objects.create(name="staff")
    entry = Entry.objects.latest("id")

    assert staff.get("/admin/audit/entry/add/").status_code == 403
    assert staff.post(f"/admin/audit/entry/{entry.pk}/change/", {"action": "x"}).status_code == 403
    assert staff.post(f"/admin/audit/entry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Entry.objects.get(pk=entry.pk).object_id == str(group.pk)


def _found(staff: Client, **query: str) -> int:
    """Return how many entries a list has: exactly if they fit on a page, as an estimate otherwise."""
    count: int = _list(staff, query).result_count
    return count


def _shown(staff: Client, **query: str) -> list[Entry]:
    """Return the entries on the first page of a list."""
    return list(_list(staff, query).result_list)


def _list(staff: Client, query: dict[str, str]) -> Any:
    answer = staff.get("/admin/audit/entry/", query)
    assert answer.status_code == 200
    return answer.context["cl"]
