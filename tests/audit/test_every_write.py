"""Every kind of write makes exactly one entry for each row that it changes, inside and outside of transactions."""

from collections.abc import Iterator

import pytest

from audit import announce
from tests.audit.truth import exactly_what_happened
from tests.audit.writes import people
from tests.audit.writes_in_sql import ALL_KINDS


@pytest.fixture
def receivers_disconnected() -> Iterator[None]:
    announce.disconnect()
    yield
    announce.connect()


def _run(kind: str) -> None:
    write, sources = ALL_KINDS[kind]
    cast = people()
    with exactly_what_happened() as entries:
        write(cast)
    assert "".join(entry.source[0] for entry in entries) == sources


@pytest.mark.promise(74, 75)
@pytest.mark.django_db
@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_write_in_a_transaction_leaves_one_entry_for_each_changed_row(kind: str) -> None:
    _run(kind)


@pytest.mark.promise(74, 75)
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_write_in_autocommit_leaves_one_entry_for_each_changed_row(kind: str) -> None:
    _run(kind)


@pytest.mark.promise(74)
@pytest.mark.django_db
@pytest.mark.usefixtures("witness", "receivers_disconnected")
@pytest.mark.parametrize("kind", ["create", "save", "delete_with_everything_below", "set_many"])
def test_without_receivers_the_database_still_records_every_change(kind: str) -> None:
    write, sources = ALL_KINDS[kind]
    cast = people()
    with exactly_what_happened() as entries:
        write(cast)
    assert [entry.source for entry in entries] == ["database"] * len(sources)
