"""Whatever is written or recorded, the change commits, the entry exists, and the admin shows what was left out."""

import decimal
import math
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils.translation import gettext_lazy

from accounts.models import Identity, User
from audit.context import acting
from audit.events import Event, record
from audit.jsonable import to_jsonable
from audit.models import Entry, Personal
from tests.support.proven import proven

pytestmark = pytest.mark.django_db(transaction=True)
LARGE = 5 * 1024 * 1024


class Unwritable:
    def __repr__(self) -> str:
        raise RuntimeError("not even that")


def endless() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    return loop


@pytest.mark.parametrize(
    "value",
    [
        Unwritable(), object(), b"bytes", math.nan, math.inf, -math.inf, decimal.Decimal("NaN"), "nul \0 inside",
        "half a pair \ud800", {"nul \0": 1}, {1: {2: 3}}, {1, 2}, endless(), 10**5000, uuid.uuid4(), Event,
        datetime(2026, 1, 1, tzinfo=UTC), gettext_lazy("time"), [Unwritable()] * 3, complex(1, 2), print,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_that_cannot_be_written_undoes_nothing(value: object) -> None:
    with transaction.atomic(), acting(reason="why \0"):
        user = User.objects.create_user(name="Ada")
        record(Event.FACTOR_VERIFIED, person=user, what=value, personal={"what": value})

    entry = Entry.objects.get(action=Event.FACTOR_VERIFIED, person=str(user.pk))
    assert Entry.objects.filter(object_table="accounts_user", object_id=str(user.pk)).count() == 1
    assert set(entry.details or {}) == {"what"}
    assert Personal.objects.get(entry=entry).after is not None


def test_a_value_that_is_left_out_is_replaced_by_its_type_and_the_admin_shows_it() -> None:
    record(Event.FACTOR_VERIFIED, what=Unwritable(), within=[{"deep": object()}])
    entry = Entry.objects.get(action=Event.FACTOR_VERIFIED)
    assert entry.details == {
        "what": "(cannot be written: Unwritable)", "within": [{"deep": "(cannot be written: object)"}],
    }  # fmt: skip
    root = User.objects.create_superuser(username="root")
    page = proven(root).get(f"/admin/audit/entry/{entry.pk}/change/")
    assert "cannot be written: Unwritable" in page.content.decode()


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "x"]}, "\u2028 \U0001f600 \N{REPLACEMENT CHARACTER}", -3])
def test_a_value_that_can_be_written_is_not_changed(value: object) -> None:
    assert to_jsonable(value) == value


@pytest.mark.slow
def test_a_column_of_five_megabytes_is_written_with_its_entry_and_the_admin_shows_the_page() -> None:
    user = User.objects.create_user(name="Ada")
    claims = {"long": "x" * LARGE}
    identity = Identity.objects.create(user=user, provider="google", issuer="i", subject="s", claims=claims)
    Identity.objects.filter(pk=identity.pk).update(claims={"long": "y" * LARGE})
    identity.delete()
    record(Event.FACTOR_VERIFIED, much="z" * LARGE)

    entries = list(Entry.objects.filter(object_table="accounts_identity").order_by("id"))
    assert [entry.action for entry in entries] == ["create", "update", "delete"]
    kept = [entry.personal.after or entry.personal.before or {} for entry in entries]
    assert [len(values["claims"]["long"]) for values in kept] == [LARGE] * 3
    event = Entry.objects.get(action=Event.FACTOR_VERIFIED)
    assert len((event.details or {})["much"]) == LARGE
    browser = proven(User.objects.create_superuser(username="root"))
    for entry in (*entries, event):
        assert browser.get(f"/admin/audit/entry/{entry.pk}/change/").status_code == 200
    assert browser.get("/admin/audit/entry/").status_code == 200


@pytest.mark.parametrize("kind", ["double precision 'NaN'", "numeric 'NaN'", "timestamptz 'infinity'", "bytea '\\x00'"])
def test_a_column_of_any_kind_is_written_by_the_triggers(kind: str) -> None:
    """The database records values without a JSON equivalent as text."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb({kind})::text")
        assert cursor.fetchone()[0].startswith('"')
