"""Exports contain exactly what the list shows, are safe in a spreadsheet, are recorded and use little memory."""

import csv
import io
import json
import re
import tracemalloc
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError
from django.http import StreamingHttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Identity, Membership, Role, User
from audit.models import Entry
from console.lists.export import CHUNK, harmless
from tenancy import site_context
from tests.console.lists.conftest import PEOPLE, Crowd
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"  # equals, plus, minus, at


def export(client: Client, form: str = "csv", path: str = PEOPLE, **query: str) -> Any:
    answer: Any = client.post(f"{path}export/{form}/", query_params=query)
    assert answer.status_code == 200
    assert isinstance(answer, StreamingHttpResponse)
    return answer


def read(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def told(action: str) -> dict[str, Any]:
    return Entry.objects.filter(action=action).latest("id").details or {}


def test_the_rows_are_those_of_the_list_in_its_order(administrator: Client, crowd: Crowd) -> None:
    crowd(150)
    query = {"q": "Person 3", "email_verified__exact": "1", "o": "2"}
    shown = administrator.get(PEOPLE, query).context["cl"].queryset
    rows = read(export(administrator, **query))

    assert [row["id"] for row in rows] == [str(person.pk) for person in shown]
    assert {row["name"] for row in rows} == {"Person 3"}
    assert {row["is_active"] for row in rows} == {"true"}


def test_json_exports_contain_the_same(administrator: Client, crowd: Crowd) -> None:
    crowd(20)
    rows = json.loads(export(administrator, "json", q="person").getvalue())

    assert [row["email"] for row in rows] == [row["email"] for row in read(export(administrator, q="person"))]
    assert rows[0]["is_active"] is True
    assert json.loads(export(administrator, "json", q="nobody at all").getvalue()) == []


def test_no_secret_is_exported(administrator: Client, crowd: Crowd) -> None:
    person = crowd(1)[0]
    person.set_password("canary in the password")
    person.save()
    Identity.objects.create(user=person, provider="google", issuer="https://i", subject="1", claims={"a": "canary"})
    hashed = person.password

    for path in (PEOPLE, "/admin/accounts/identity/"):
        for form in ("csv", "json"):
            content = export(administrator, form, path).getvalue().decode()
            assert hashed not in content
            assert "canary" not in content


@pytest.mark.promise(48)
@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", *FULL_WIDTH])
def test_a_cell_that_begins_like_a_formula_is_defused(administrator: Client, begin: str) -> None:
    name = f"{begin}HYPERLINK(1)"
    User.objects.create_user(name=name, email="eve@example.com")
    (row,) = read(export(administrator, q="eve@"))
    (plain,) = json.loads(export(administrator, "json", q="eve@").getvalue())

    assert row["name"] == f"'{name}"
    assert plain["name"] == name, "JSON is no spreadsheet"


@pytest.mark.promise(48)
@pytest.mark.parametrize("separator", [";", ",", "\t", "\n", "\r\n", "|", "; ", ";\t", ';"', '; " '])
@pytest.mark.parametrize("begin", ["=", "+", "-", "@", *FULL_WIDTH])
def test_a_formula_after_a_separator_is_defused_too(administrator: Client, separator: str, begin: str) -> None:
    """A cell that is harmless as a whole may be split into two by another program."""
    name = f"a{separator}{begin}HYPERLINK(1)"
    User.objects.create_user(name=name, email="eve@example.com")
    (row,) = read(export(administrator, q="eve@"))

    for part in re.split(r"[;,\t\r\n|]", row["name"]):
        assert not part.lstrip(' "').startswith(tuple("=+-@" + FULL_WIDTH)), row["name"]
    assert row["name"].replace("'", "") == name


@pytest.mark.promise(48)
@pytest.mark.parametrize("name", ['"=1+1', ' "=1+1', '" @x', "\u201c=1", '""+1'])
def test_a_quotation_mark_hides_no_formula(name: str) -> None:
    assert harmless(name) == f"'{name}"


UNSEEN = "\u200b\ufeff\u2060\u00ad\u202e\x00\x1b\ufe0f\u034f\u3164\u115f\U000e0041"
QUOTES = "\u2018\u2019\u00ab\u201a`\uff07"


@pytest.mark.promise(48)
@pytest.mark.parametrize("unseen", [*UNSEEN, *QUOTES, "\u200b \ufeff"])
def test_invisible_characters_and_quotation_marks_hide_no_formula(unseen: str) -> None:
    """The program that opens the file may drop a character before the formula."""
    assert harmless(f"{unseen}=1+1") == f"'{unseen}=1+1"
    assert harmless(f"a;{unseen}=1+1") == f"'a;'{unseen}=1+1"


@pytest.mark.promise(48)
def test_other_characters_that_begin_a_formula_and_other_separators_are_known() -> None:
    """No spelling that a program accepts as a formula may be forgotten."""
    assert harmless("\u22121+1") == "'\u22121+1"
    assert harmless(["x|=1+1"]) == "'[\"x|'=1+1\"]"


@pytest.mark.promise(48)
@pytest.mark.parametrize("cell", [-1, -1.5, Decimal("-2.50"), 0, True, None, "Zo\u00eb", "a-b", "a=b", "3 - 2; 5 + 4"])
def test_text_that_is_not_a_formula_stays_unchanged(cell: Any) -> None:
    assert not harmless(cell).startswith("'")


def test_lists_within_a_cell_stay_json() -> None:
    cell = {"a": [-1, -2], "b": "x, -y"}
    assert json.loads(harmless(cell)) == cell


@pytest.mark.promise(48)
def test_a_spreadsheet_reads_it_as_utf_8(administrator: Client) -> None:
    User.objects.create_user(name="Zo\u00eb", email="zoe@example.com")
    for path in (PEOPLE, "/admin/audit/entry/"):
        content = export(administrator, path=path).getvalue()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\xef\xbb\xbf") == 1
    assert [row["name"] for row in read(export(administrator, q="zoe@"))] == ["Zo\u00eb"]


@pytest.mark.promise(48)
@given(st.text())
def test_no_cell_begins_like_a_formula_and_none_loses_text(text: str) -> None:
    cell = harmless(text)

    assert not cell.lstrip().startswith(tuple("=+-@\t\r" + FULL_WIDTH))
    assert cell.replace("'", "") == text.replace("'", ""), "each part of a cell may have an apostrophe of its own"


def test_an_export_is_recorded_at_its_start_and_at_its_end(administrator: Client, root: User, crowd: Crowd) -> None:
    crowd(7)
    answer = export(administrator, q="person000")
    assert (told("export.started")["format"], told("export.started")["model"]) == ("csv", "accounts.User")
    assert not Entry.objects.filter(action="export.ended").exists()
    answer.getvalue()

    assert (told("export.ended")["rows"], told("export.ended")["finished"]) == (7, True)
    entry = Entry.objects.get(action="export.ended")
    assert entry.personal.after == {"query": "q=person000"}, "what was searched for may be an address"
    assert (entry.actor_id, entry.request_id) == (
        str(root.pk),
        Entry.objects.get(action="export.started").request_id,
    )


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_export_is_recorded_as_unfinished(administrator: Client, crowd: Crowd) -> None:
    crowd(CHUNK + 5)
    answer = export(administrator)
    chunks = iter(answer)
    next(chunks)
    answer.close()

    assert (told("export.ended")["rows"], told("export.ended")["finished"]) == (CHUNK, False)


@pytest.mark.django_db(transaction=True)
def test_an_export_whose_connection_is_lost_is_recorded_as_unfinished(
    administrator: Client, crowd: Crowd, servers: Servers
) -> None:
    crowd(3 * CHUNK)
    chunks = iter(export(administrator, "json"))
    next(chunks)
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE state = 'idle in transaction' AND datname = current_database()"
        )
    with pytest.raises(DatabaseError):
        list(chunks)

    assert (told("export.ended")["rows"], told("export.ended")["finished"]) == (CHUNK, False)


@pytest.mark.promise(46)
def test_a_stream_after_the_request_sees_no_more_than_the_request_did(town: Town) -> None:
    """The rows of the response are read after the request's transaction has ended."""
    with site_context("a test appoints"):
        Membership.objects.filter(user=town.a.owner).update(role=Role.objects.get(name="admin"))
    User.objects.filter(pk=town.a.owner.pk).update(is_staff=True)
    clerk = Client()
    proven(town.a.owner, clerk)

    members = {"Abbey Owner", "Abbey Member", "Both"}
    assert {row["name"] for row in read(export(clerk, tenant=str(town.a.tenant.pk)))} == members
    assert read(export(clerk, tenant=str(town.b.tenant.pk))) == []
    assert read(export(clerk, q=town.b.tenant.slug)) == []


@pytest.mark.parametrize("path", [f"{PEOPLE}export/csv/", f"{PEOPLE}export/xlsx/"])
def test_only_a_post_by_a_user_who_may_view_the_list_exports(administrator: Client, path: str) -> None:
    assert administrator.get(path).status_code in {302, 404}  # to the list, which has the button
    stranger = Client()
    proven(User.objects.create_user(name="Staff", is_staff=True), stranger)
    assert stranger.post(path).status_code in {403, 404}
    assert Client().post(path).status_code == 302
    assert Client(enforce_csrf_checks=True).post(path).status_code in {302, 403}
    assert not Entry.objects.filter(action="export.started").exists()


def test_an_invalid_filter_exports_nothing(administrator: Client) -> None:
    assert administrator.post(f"{PEOPLE}export/csv/", query_params={"tenant": "x"}).status_code == 404


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(administrator: Client, crowd: Crowd) -> None:
    crowd(2 * CHUNK)
    few = peak(export(administrator))
    crowd_of_many = [User(name=f"Further {number}") for number in range(6 * CHUNK)]
    User.objects.bulk_create(crowd_of_many)
    many = peak(export(administrator))

    assert many < 1.5 * few


def peak(chunks: Iterable[bytes]) -> int:
    """Return the peak memory in bytes while the response was consumed."""
    tracemalloc.start()
    try:
        for _chunk in chunks:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.promise(48)
def test_the_admins_own_log_cannot_be_edited_from_the_admin(administrator: Client) -> None:
    for page in ("", "add/", "1/change/", "1/delete/"):
        assert administrator.get(f"/admin/admin/logentry/{page}").status_code == 404
