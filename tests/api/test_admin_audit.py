"""The trail through the API: what the admin shows and finds, page by page, and no secret in it."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from audit.models import Entry
from audit.reading import search
from authserver.scopes import AUDIT_READ
from tests.support.api import ask, key, session_of, token_of
from tests.support.keepers import join, keeper_of
from tests.support.services import key_of_person, key_of_service, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
AUDIT = "/api/v1/admin/audit"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser(username="root")


@pytest.fixture
def reader(town: Town) -> User:
    return keeper_of(town.a, ["audit.view_entry", "accounts.view_user"], AUDIT_READ)


def found(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["items"]]


def entries(**fields: Any) -> list[int]:
    return list(Entry.objects.filter(**fields).order_by("-id").values_list("pk", flat=True))


@pytest.mark.promise(46)
def test_an_administrator_reads_the_entries_of_their_tenant_alone(town: Town, reader: User, root: User) -> None:
    a, b = (str(side.tenant.pk) for side in (town.a, town.b))
    record(Event.SIGN_IN_SUCCEEDED, person=town.a.member, tenant_id=a)
    record(Event.SIGN_IN_SUCCEEDED, person=town.b.member, tenant_id=b)
    job = service(town.a.tenant, reader, AUDIT_READ)
    of_a, of_b = entries(tenant_id=a), entries(tenant_id=b)
    query = f"{AUDIT}?limit=200"

    assert set(found(ask(query, browser=session_of(reader)))) == set(of_a)
    assert set(found(ask(query, key(key_of_service(job).text)))) >= set(of_a)
    assert ask(f"{AUDIT}/{of_a[0]}", browser=session_of(reader)).status_code == 200
    for other in (of_b[0], entries(tenant_id=None)[0], 2**63 - 1):
        assert ask(f"{AUDIT}/{other}", browser=session_of(reader)).status_code == 404
    assert found(ask(f"{AUDIT}?person={town.b.member.pk}", browser=session_of(reader))) == []
    assert found(ask(f"{AUDIT}?tenant={b}", browser=session_of(reader))) != found(
        ask(f"{AUDIT}?tenant={b}", browser=session_of(root))
    )
    join(root, town.a, "owner")
    in_a = token_of(root, AUDIT_READ, tenant_id=town.a.tenant.pk)
    assert not set(of_b) & set(found(ask(query, in_a)))
    assert ask(f"{AUDIT}/{of_b[0]}", key(key_of_person(root, AUDIT_READ).text)).status_code == 200


def test_the_filters_are_those_of_the_admin(town: Town, root: User) -> None:
    request_id, batch_id = uuid4(), uuid4()
    with acting(request_id=request_id, batch_id=batch_id, actor=Actor(ActorKind.SERVICE, "payroll")):
        record(Event.SIGN_IN_REFUSED, person=town.both, object=("some_table", "key-17"))
    [made] = entries(request_id=request_id)
    browser = session_of(root)

    for query in (
        f"request={request_id}", f"batch={batch_id}", "actor=payroll", f"q={request_id}", "q=key-17", "object=key-17",
        f"person={town.both.pk}&action=sign_in.refused", "person=both@example.com&action=sign_in.refused",
        "action=sign_in.refused&source=event&since=2020-01-01",
    ):  # fmt: skip
        assert found(ask(f"{AUDIT}?{query}", browser=browser)) == [made], query
    for query in ("object=key-1", "action=sign_in.refused&until=2020-01-01", f"request={uuid4()}", "ip_address=::1"):
        assert found(ask(f"{AUDIT}?{query}", browser=browser)) == [], query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("action=nothing", "query.action"),
        ("table=nothing", "query.table"),
        ("source=x", "query.source"),
        ("request=x", "query.request"),
        ("since=x", "query.since"),
        ("since=2024-02-02&until=2024-02-01", "query.until"),
        ("ip_address=x", "query.ip_address"),
        ("after=x", "query.after"),
        ("after=WyJ4Il0", "query.after"),
        ("limit=201", "query.limit"),
        ("q=" + "x" * 301, "query.q"),
    ],
)
def test_a_wrong_filter_is_refused(root: User, query: str, field: str) -> None:
    answer = ask(f"{AUDIT}?{query}", browser=session_of(root))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("scanned", [3, 50_000])
def test_the_list_comes_in_pages_also_where_a_search_stops_early(
    town: Town, root: User, monkeypatch: pytest.MonkeyPatch, scanned: int
) -> None:
    monkeypatch.setattr(search, "MOST_SCANNED", scanned)
    browser, collected, after = session_of(root), [], ""
    expected = entries(source="signal")
    for _ in range(200):
        page = ask(f"{AUDIT}?source=signal&limit=2&after={after}", browser=browser).json()
        collected += [one["id"] for one in page["items"]]
        after = page["next"]
        if not after:
            break

    assert collected == expected
    assert len(expected) > 4


@pytest.mark.promise(75)
def test_an_entry_has_what_was_before_and_after_without_secrets(town: Town, root: User) -> None:
    user = User.objects.create_user(name="Ada", email="canary@example.com", password="canary")
    user.email, user.is_staff = "other@example.com", True
    user.set_password("another canary")
    user.save()
    browser = session_of(root)
    entry = Entry.objects.filter(object_id=str(user.pk), action="update").latest("id")
    shown = ask(f"{AUDIT}/{entry.pk}", browser=browser)

    assert (shown.json()["before"]["is_staff"], shown.json()["after"]["is_staff"]) == (False, True)
    assert shown.json()["after"]["password"] == "(secret)"
    assert shown.json()["after"]["email"] == "(personal)"
    assert "canary" not in shown.content.decode() + ask(f"{AUDIT}?limit=200", browser=browser).content.decode()


def test_what_was_recorded_before_a_column_was_masked_is_not_shown(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user = User.objects.create_user(name="Ada")
    monkeypatch.setattr("audit.reading.presentation.masked_columns", lambda _model: frozenset({"id", "not_before"}))
    entry = Entry.objects.filter(object_id=str(user.pk), action="create").latest("id")
    after = ask(f"{AUDIT}/{entry.pk}", browser=session_of(root)).json()["after"]

    assert (after["id"], after["not_before"], after["is_active"]) == ("(secret)", None, True)


def test_reading_needs_the_scope_and_the_right(town: Town, reader: User) -> None:
    header = token_of(reader, tenant_id=town.a.tenant.pk)

    assert ask(AUDIT, header).json()["missing"] == [{"scope": AUDIT_READ}]
    assert ask(AUDIT, browser=session_of(town.a.member)).json()["missing"] == [{"permission": "audit.view_entry"}]
