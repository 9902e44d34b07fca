"""A trail to be sealed, and a superuser who can change anything in it, without rights and triggers in the way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.contrib.auth.models import Group
from django.db import connection

from accounts.models import User
from audit import canonical
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from audit.models import Entry
from audit.sealing.findings import FindingKind, Findings
from audit.sealing.verification import Verification
from tests.support.servers import Servers

TABLES = ("audit_entry", "audit_personal", "audit_seal", "audit_seal_digests", "audit_removal")
Tamper = Callable[[str], None]


def write(many: int = 3) -> list[int]:
    """Record entries, some with personal values, and return their ids."""
    last = newest()
    for number in range(many):
        Group.objects.create(name=f"group {last} {number}")
    User.objects.create_user(name="Ada", email="ada@example.com")
    with acting(actor=Actor(ActorKind.COMMAND, "tests"), ip_address="192.0.2.7", user_agent='a "browser"\n'):
        record(Event.SIGN_IN_SUCCEEDED, provider="google")
    return list(Entry.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True))


def newest() -> int:
    return Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def verify(**told: object) -> Findings:
    return Verification(**told).read(canonical.stream(personal=True))  # type: ignore[arg-type]  # what each test gives


def told(findings: Findings) -> list[tuple[FindingKind, int, int]]:
    return [(fault.kind, fault.first_id, fault.last_id) for fault in findings.faults]


def begin_anew(servers: Servers) -> None:
    """Remove all entries and seals, including the entries of the migrations."""
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        owner.execute(
            "TRUNCATE audit_entry, audit_personal, audit_seal, audit_seal_digests, audit_removal, audit_retention"
        )


@contextmanager
def anything(servers: Servers) -> Iterator[Tamper]:
    """Give a function that executes any statement as the superuser, with triggers disabled."""
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        for table in TABLES:
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit_append_only".encode())
        yield lambda statement: _do(superuser, statement)
        for table in TABLES:
            superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_append_only".encode())


def _do(superuser: psycopg.Connection, statement: str) -> None:
    done = superuser.execute(statement.encode())
    assert done.rowcount != 0, f"nothing was changed by {statement}"


def fetch(query: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row: tuple[object, ...] = cursor.fetchone()
        return row
