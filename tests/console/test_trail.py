"""The trail in the admin: filtered, shown in words, limited to the tenant's own entries, and exported."""

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from audit.models import Entry
from audit.reading import search
from tenancy import site_context
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

TRAIL = "/admin/audit/entry/"


def ids(client: Client, **query: Any) -> list[int]:
    answer = client.get(TRAIL, query)
    assert answer.status_code == 200
    return [entry.pk for entry in answer.context["cl"].result_list]


def text(client: Client, path: str) -> str:
    """Return the text of a page, without its tags."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    main = answer.content.decode().split('<div id="content"', maxsplit=1)[-1]
    return unescape(re.sub(r"\s+", " ", re.sub(r"</?(?:del|ins|code)\b[^>]*>", "", main)))


def told(page: str) -> str:
    """Return only the words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.fixture
def happened(root: User) -> dict[str, Any]:
    """An event that matches all filters, among others that match some of them."""
    facts: dict[str, Any] = {
        "actor": "payroll",
        "person": str(uuid4()),
        "tenant": str(uuid4()),
        "request": uuid4(),
        "batch": uuid4(),
        "ip_address": "2001:db8::7",
    }
    everything = {
        "actor": Actor(ActorKind.SERVICE, "payroll"),
        "tenant_id": facts["tenant"],
        "request_id": facts["request"],
        "batch_id": facts["batch"],
        "ip_address": facts["ip_address"],
    }
    for left_out in [*everything, None]:
        with acting(**{name: value for name, value in everything.items() if name != left_out}):
            record(Event.FACTOR_ADDED, person=facts["person"], object=("auth_group", "key-17"))
            record(Event.FACTOR_REMOVED, person=facts["person"], object=("auth_group", "key-17"))
            record(Event.FACTOR_ADDED, person=uuid4(), object=("auth_group", "key-17"))
            record(Event.FACTOR_ADDED, person=facts["person"], object=("accounts_role", "key-17"))
    found = Entry.objects.filter(
        actor_id="payroll", person=facts["person"], tenant_id=facts["tenant"], request_id=facts["request"],
        batch_id=facts["batch"], action="factor.added", object_table="auth_group", personal__ip_address="2001:db8::7",
    ).get()  # fmt: skip
    today = timezone.localdate().isoformat()
    return {
        "found": found.pk,
        "filters": facts
        | {"action": "factor.added", "table": "auth_group", "object": "key-17", "source": "event"}
        | {"since": today, "until": today},
    }


def test_each_filter_narrows_and_all_of_them_together_find_the_one(
    administrator: Client, happened: dict[str, Any]
) -> None:
    filters = happened["filters"]
    everything = set(ids(administrator))
    for name, value in filters.items():
        found = set(ids(administrator, **{name: value}))
        assert happened["found"] in found, name
        assert found < everything or name in {"since", "until"}, name
    assert ids(administrator, **filters) == [happened["found"]]


@pytest.mark.slow
def test_every_pair_of_filters_finds_what_both_match(administrator: Client, happened: dict[str, Any]) -> None:
    filters = happened["filters"]
    alone = {name: set(ids(administrator, **{name: value})) for name, value in filters.items()}
    for one in filters:
        for other in filters:
            both = {one: filters[one], other: filters[other]}
            expected = alone[one] & alone[other]
            if {one, other} == {"object", "table"}:
                expected = set(
                    Entry.objects.filter(object_id="key-17", object_table="auth_group").values_list("pk", flat=True)
                )
            assert set(ids(administrator, **both)) == expected, both


def test_days_are_whole_ones_and_another_day_has_nothing(administrator: Client, happened: dict[str, Any]) -> None:
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()

    assert ids(administrator, until=yesterday) == []
    assert happened["found"] in ids(administrator, since=yesterday)


def test_an_invalid_filter_shows_an_error_and_no_entries(administrator: Client) -> None:
    for name, wrong in {
        "request": "half-an-id",
        "ip_address": "next door",
        "since": "soon",
        "action": "no.such",
    }.items():
        answer = administrator.get(TRAIL, {name: wrong})
        assert answer.status_code == 200
        assert answer.context["cl"].form.errors.keys() == {name}
        assert "Nothing was looked for" in answer.content.decode()
        assert list(answer.context["cl"].result_list) == []
    for name, day in (("since", "0001-01-01"), ("until", "9999-12-31")):
        assert "Ensure this value" in administrator.get(TRAIL, {name: day}).content.decode()
    backwards = administrator.get(TRAIL, {"since": "2026-02-02", "until": "2026-02-01"})
    assert backwards.context["cl"].form.errors == {"until": ["This day lies before the first one."]}


def test_people_are_found_by_their_address_and_tenants_by_their_name(administrator: Client, town: Town) -> None:
    User.objects.filter(pk=town.a.owner.pk).update(email="Owner@Abbey.example")
    with acting(actor=Actor(ActorKind.PERSON, str(town.a.owner.pk)), tenant_id=str(town.a.tenant.pk)):
        record(Event.TENANT_SWITCHED, person=town.a.owner)
    entry = Entry.objects.latest("id").pk

    assert entry in ids(administrator, actor="owner@abbey.EXAMPLE")
    assert entry in ids(administrator, person="owner@abbey.example", tenant="Abbey", action="tenant.switched")
    assert ids(administrator, actor="nobody@abbey.example") == []


@pytest.fixture
def short_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the entries that a page scans to ten."""
    monkeypatch.setattr(search, "MOST_SCANNED", 10)


@pytest.mark.usefixtures("short_sight")
def test_a_rare_combination_is_searched_step_by_step_to_the_end(administrator: Client) -> None:
    record(Event.FACTOR_ADDED, person="p")
    rare = Entry.objects.latest("id").pk
    for _each in range(35):
        record(Event.FACTOR_ADDED, person="p", actor=Actor(ActorKind.JOB, "busy"))
        record(Event.FACTOR_REMOVED, actor=Actor(ActorKind.JOB, "busy"))
    query: str = f"{TRAIL}?person=p&source=event&actor=" + Entry.objects.get(pk=rare).actor_id
    steps = 0
    while True:
        answer = administrator.get(query)
        found = answer.context["cl"]
        if found.result_list or not found.next_link:
            break
        assert "were looked through" in answer.content.decode()
        query, steps = f"{TRAIL}{found.next_link}", steps + 1
        assert steps < 20

    assert [entry.pk for entry in found.result_list] == [rare]


@pytest.mark.usefixtures("short_sight")
def test_no_entry_is_lost_or_shown_twice_on_the_way_there_and_back(administrator: Client) -> None:
    for number in range(60):
        record(Event.FACTOR_ADDED, person=f"p{number % 3}", actor=Actor(ActorKind.JOB, f"j{number % 2}"))
    wanted = list(Entry.objects.filter(person="p1", actor_id="j1").order_by("-id").values_list("pk", flat=True))
    start = "?person=p1&actor=j1&action=factor.added&source=event"

    assert _walked(administrator, start, "next_link") == wanted
    back = _walked(administrator, f"{start}&p=before", "previous_link")
    assert back[: len(wanted)] == wanted[::-1], "and then comes the first page once more"


def _walked(client: Client, query: str, link: str) -> list[int]:
    found: list[int] = []
    for _step in range(40):
        page = client.get(f"{TRAIL}{query}").context["cl"]
        rows = [entry.pk for entry in page.result_list]
        found += rows if link == "next_link" else rows[::-1]
        query = getattr(page, link)
        if not query:
            break
    return found


def test_any_id_finds_an_entry_in_whatever_column_it_is(administrator: Client, happened: dict[str, Any]) -> None:
    filters = happened["filters"]
    for name in ("actor", "person", "object", "request", "batch"):
        assert set(ids(administrator, q=filters[name])) >= set(ids(administrator, **{name: filters[name]}))
    assert ids(administrator, q=str(uuid4())) == []
    assert ids(administrator, **(filters | {"q": filters["person"]})) == [happened["found"]]


def test_no_page_counts_and_a_page_that_takes_too_long_says_so(
    administrator: Client, happened: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with CaptureQueriesContext(connection) as asked:
        ids(administrator, **happened["filters"])
        ids(administrator, q=happened["filters"]["person"])
    assert [query["sql"] for query in asked.captured_queries if "COUNT(" in query["sql"].upper()] == []

    def slow(*_args: object, **_options: object) -> None:
        with search.time_limit("20ms"), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr("console.trail.listing.find", slow)
    answer = administrator.get(TRAIL)

    assert answer.status_code == 200
    assert "Narrow it down by time" in answer.content.decode()
    assert User.objects.filter(username="root").exists(), "the request's transaction goes on"


def test_the_list_shows_names_of_people_and_objects_instead_of_whole_ids(
    administrator: Client, root: User, town: Town
) -> None:
    with acting(actor=Actor(ActorKind.PERSON, str(root.pk))), site_context("a test changes a tenant"):
        town.a.tenant.name = "Abbey House"
        town.a.tenant.save()
    gone = uuid4()
    record(Event.SIGN_IN_SUCCEEDED, person=gone)
    page = text(administrator, TRAIL)

    assert f'<a href="/admin/accounts/user/{root.pk}/change/" title="{root.pk}">Root</a>' in page
    assert 'Changed <span class="quiet">Name</span>' in page
    assert f'title="{town.a.tenant.pk}">Abbey House</a>' in page
    assert f'<span title="{gone}">{str(gone)[:8]}…</span>' in page
    assert str(gone) not in told(page)


def test_an_entry_shows_values_in_words_and_hides_secrets(administrator: Client) -> None:
    user = User.objects.create_user(name="Ada", email="ada@example.com", password="first")
    user.email, user.is_staff = "countess@example.com", True
    user.set_password("second")
    user.save()
    page = text(administrator, f"{TRAIL}{Entry.objects.latest('id').pk}/change/")

    assert "ada@example.com" in page
    assert "countess@example.com" in page
    assert "May enter the admin No Yes" in told(page)
    assert "Password (secret) (secret)" in told(page)
    assert "first" not in page


def test_details_of_an_event_are_shown_in_words(administrator: Client) -> None:
    record(Event.SIGN_IN_REFUSED, reason="account_deactivated", provider="google", steps=["otp_app", "passkey"])
    page = told(text(administrator, f"{TRAIL}{Entry.objects.latest('id').pk}/change/"))

    assert "Somebody tried to sign in and was refused" in page
    assert "Reason account deactivated" in page
    assert "otp app, passkey" in page


@pytest.mark.promise(46)
def test_a_tenants_administrator_sees_only_their_tenants_entries_on_every_page(town: Town) -> None:
    client = proven(town.a.owner)
    theirs, others = _one_in_each(town)
    for query in (
        {}, {"source": "event"}, {"action": "tenant.switched"}, {"q": str(town.both.pk)}, {"person": str(town.both.pk)},
        {"tenant": str(town.b.tenant.pk)}, {"ip_address": "203.0.113.9"}, {"since": timezone.localdate().isoformat()},
        {"table": "accounts_tenant"},
    ):  # fmt: skip
        found = ids(client, **query)
        assert others not in found, query
        assert set(found) <= set(Entry.objects.filter(tenant_id=str(town.a.tenant.pk)).values_list("pk", flat=True))
    assert theirs in ids(client, person=str(town.both.pk))
    for path in ("change/", "point-in-time/before/", "restore/"):
        assert client.get(f"{TRAIL}{others}/{path}").status_code in {302, 403, 404}, path
    exported = b"".join(client.post(f"{TRAIL}export/jsonl/?action=tenant.switched").streaming_content).decode()  # type: ignore[attr-defined]
    assert {json.loads(line)["tenant_id"] for line in exported.splitlines()} == {str(town.a.tenant.pk)}


def _one_in_each(town: Town) -> tuple[int, int]:
    entries = []
    for side in (town.a, town.b):
        with acting(actor=Actor(ActorKind.PERSON, str(side.owner.pk)), ip_address="203.0.113.9"):
            record(Event.TENANT_SWITCHED, person=town.both, tenant_id=side.tenant.pk)
        entries.append(Entry.objects.latest("id").pk)
    return entries[0], entries[1]


@pytest.mark.promise(46)
def test_personal_values_and_addresses_of_people_elsewhere_are_not_shown(town: Town) -> None:
    """A person from tenant B acted in A, on a person who is no longer in A."""
    with acting(
        actor=Actor(ActorKind.PERSON, str(town.b.owner.pk)), tenant_id=str(town.a.tenant.pk), ip_address="203.0.113.9",
        user_agent="Canary Browser",
    ):  # fmt: skip
        record(Event.EMAIL_CHANGED, person=town.b.member, personal={"after": "canary@example.com"})
        record(Event.EMAIL_CHANGED, person=town.a.member, personal={"after": "known@example.com"})
    entries = list(Entry.objects.filter(action="email.changed").order_by("id").values_list("pk", flat=True))
    client = proven(town.a.owner)
    foreign, own = (text(client, f"{TRAIL}{pk}/change/") for pk in entries)

    for canary in ("canary@example.com", "203.0.113.9", "Canary Browser", town.b.owner.name, town.b.member.name):
        assert canary not in foreign
    assert "known@example.com" in own
    assert "203.0.113.9" not in own


def test_the_history_of_any_object_is_its_part_of_the_trail(administrator: Client, town: Town) -> None:
    group = Group.objects.create(name="staff")
    Group.objects.create(name="others")
    group.name = "crew"
    group.save()
    for model, obj in (("auth/group", group), ("accounts/tenant", town.a.tenant), ("accounts/user", town.both)):
        answer = administrator.get(f"/admin/{model}/{obj.pk}/history/", follow=True)
        rows = answer.context["cl"].result_list
        assert rows
        assert {entry.object_id for entry in rows} == {str(obj.pk)}
        assert "The history of" in answer.content.decode()
    with CaptureQueriesContext(connection) as asked:
        administrator.get(f"/admin/auth/group/{group.pk}/history/", follow=True)
    assert not [query for query in asked.captured_queries if "COUNT(" in query["sql"].upper()]


@pytest.mark.django_db(transaction=True)
def test_the_list_of_models_shows_exemptions_with_their_reason_and_drift_of_triggers(
    administrator: Client, servers: Servers
) -> None:
    page = text(administrator, f"{TRAIL}models/")
    assert "Events tell when a session begins and ends" in page
    assert "All triggers are in place" in page

    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE auth_group DISABLE TRIGGER audit_update")
        try:
            assert "audit_update on auth_group is not as declared" in text(administrator, f"{TRAIL}models/")
        finally:
            owner.execute("ALTER TABLE auth_group ENABLE ALWAYS TRIGGER audit_update")


@pytest.mark.promise(48)
@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_an_export_contains_exactly_the_filtered_entries_and_is_recorded(
    administrator: Client, happened: dict[str, Any], form: str
) -> None:
    record(Event.SIGN_IN_REFUSED, personal={"email": "canary@example.com"}, reason="=cmd|' /C calc'!A0")
    wanted = set(ids(administrator, source="event", table="auth_group")) | {Entry.objects.latest("id").pk}
    of_groups, refused = "?source=event&table=auth_group", "?action=sign_in.refused"
    for query, expected in ((of_groups, wanted - {max(wanted)}), (refused, {max(wanted)})):
        answer = administrator.post(f"{TRAIL}export/{form}/{query}")
        body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        assert {int(row["id"]) for row in _rows(form, body)} == expected
        assert "canary@example.com" not in body
    made = Entry.objects.filter(action="export.ended").latest("id")
    assert made.details
    assert (made.details["model"], made.details["rows"], made.details["finished"]) == ("audit.Entry", 1, True)


def _rows(form: str, body: str) -> list[dict[str, Any]]:
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))
        assert all(not cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())
        return rows
    return [json.loads(line) for line in body.splitlines()] if form == "jsonl" else json.loads(body)
