"""The migrations that give each session at a provider a pair of its own: on full tables, beside code of before.

Kind: a change of a table that was tried while it was empty.
"""

from datetime import timedelta

import psycopg
import pytest
from psycopg import errors

from tests.accounts.test_canonical_migration import Migrate, elsewhere

__all__ = ["elsewhere"]

pytestmark = [pytest.mark.django_db, pytest.mark.promise(81)]

PEOPLE = 4_500  # more than two slices of the migration
Elsewhere = tuple[psycopg.Connection, Migrate]
BEFORE, COLUMNS, KEYS = (("providers", number) for number in ("0003", "0004", "0005"))

CROWD = """
    INSERT INTO accounts_user (id, password, is_superuser, name, email_verified, is_active, is_staff, created_at)
    SELECT gen_random_uuid(), '', false, 'n' || n, false, true, false, now() FROM generate_series(1, %(people)s) n;
"""
IDENTITIES = """
    INSERT INTO accounts_identity (user_id, provider, issuer, subject, email, email_verified, name, created_at, claims)
    SELECT id, 'keycloak', 'https://issuer.example', name, '', false, '', now(), '{}' FROM accounts_user
"""
# As the code of each time writes what a sign-in brought.
OF_BEFORE = """
    INSERT INTO providers_upstreamtokens AS t (identity_id, access, refresh, id_token, scopes, given_at)
    SELECT id, %(access)s, 'r', '', '', now() - %(ago)s FROM accounts_identity WHERE subject = ANY (%(whose)s)
    ON CONFLICT (identity_id) DO UPDATE SET access = excluded.access, given_at = excluded.given_at
"""
OF_TODAY = """
    INSERT INTO providers_upstreamtokens AS t (identity_id, sid, access, refresh, id_token, scopes, given_at)
    SELECT id, %(sid)s, %(access)s, 'r', '', '', now() - %(ago)s FROM accounts_identity WHERE subject = ANY (%(whose)s)
    ON CONFLICT (identity_id, sid) DO UPDATE SET access = excluded.access, given_at = excluded.given_at
"""
EVERYBODY = [f"n{number}" for number in range(1, PEOPLE + 1)]


def write(
    connection: psycopg.Connection, access: str, whose: list[str], *, sid: str | None = None, ago: int = 0
) -> None:
    given = {"access": access, "whose": whose, "sid": sid, "ago": timedelta(minutes=ago)}
    connection.execute(OF_BEFORE if sid is None else OF_TODAY, given)


def pairs(connection: psycopg.Connection, subject: str) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT t.sid, t.access FROM providers_upstreamtokens t JOIN accounts_identity i ON i.id = t.identity_id "
        "WHERE i.subject = %s ORDER BY t.sid",
        [subject],
    ).fetchall()


def counted(connection: psycopg.Connection) -> tuple[int, int, int]:
    """How many rows there are, how many have numbers of their own, and of how many identities they are."""
    found = connection.execute(
        "SELECT count(*), count(DISTINCT id), count(DISTINCT identity_id) FROM providers_upstreamtokens"
    ).fetchone()
    assert found
    return found[0], found[1], found[2]


def full(connection: psycopg.Connection, migrate: Migrate) -> None:
    """Have a table of before, with a pair for each of many people."""
    migrate()
    migrate(*BEFORE)
    connection.execute(CROWD.replace("%(people)s", str(PEOPLE)).encode())
    connection.execute(IDENTITIES)
    write(connection, "of before", EVERYBODY, ago=60)


def test_code_of_before_and_of_today_go_on_between_the_two_steps(elsewhere: Elsewhere) -> None:
    connection, migrate = elsewhere
    full(connection, migrate)

    migrate(*COLUMNS)
    assert counted(connection) == (PEOPLE, PEOPLE, PEOPLE)
    write(connection, "old again", ["n1"])
    write(connection, "new", ["n2", "n3"], sid="a")
    write(connection, "newer", ["n2"], sid="b")
    write(connection, "old after new", ["n3"])
    write(connection, "none", ["n4"], sid="")
    fallen = [("b", "newer")], [("", "old after new")], [("", "none")]
    assert ([("", "old again")], *fallen) == tuple(pairs(connection, name) for name in ("n1", "n2", "n3", "n4"))
    assert counted(connection) == (PEOPLE, PEOPLE, PEOPLE), "one pair for each identity, as code of before believes"

    connection.execute("DELETE FROM django_migrations WHERE app = 'providers' AND name LIKE '0004%'")
    migrate(*COLUMNS)  # as after a run that was killed at its end: every step can be done again
    migrate(*KEYS)
    assert counted(connection) == (PEOPLE, PEOPLE, PEOPLE)
    assert (pairs(connection, "n2"), pairs(connection, "n5")) == ([("b", "newer")], [("", "of before")])


def test_after_the_second_step_code_of_before_reads_and_renews_and_cannot_write_a_sign_in(elsewhere: Elsewhere) -> None:
    connection, migrate = elsewhere
    full(connection, migrate)
    migrate(*KEYS)

    with pytest.raises(errors.InvalidColumnReference):
        write(connection, "old", ["n1"])
    renewed = connection.execute(
        "UPDATE providers_upstreamtokens SET access = 'renewed' "
        "WHERE identity_id = (SELECT min(identity_id) FROM providers_upstreamtokens)"
    )
    assert renewed.rowcount == 1
    write(connection, "a", ["n1", "n2"], sid="a")
    write(connection, "b", ["n1"], sid="b")
    assert [sid for sid, _ in pairs(connection, "n1")] == ["", "a", "b"]
    assert counted(connection) == (PEOPLE + 3, PEOPLE + 3, PEOPLE), "new numbers, none of which was given before"
    with pytest.raises(errors.UniqueViolation):
        connection.execute("UPDATE providers_upstreamtokens SET sid = 'a' WHERE sid = 'b'")


def test_back_the_newest_pair_of_an_identity_stays_and_forward_again(elsewhere: Elsewhere) -> None:
    connection, migrate = elsewhere
    full(connection, migrate)
    migrate(*KEYS)
    write(connection, "newest", ["n1"], sid="a", ago=5)
    write(connection, "in between", ["n1"], sid="b", ago=10)
    write(connection, "at one moment", ["n2"], sid="a", ago=60)

    migrate(*COLUMNS)
    assert counted(connection) == (PEOPLE, PEOPLE, PEOPLE)
    assert pairs(connection, "n1") == [("a", "newest")]
    write(connection, "old code again", ["n1"])
    write(connection, "today's", ["n3"], sid="c")
    assert (pairs(connection, "n1"), pairs(connection, "n3")) == ([("", "old code again")], [("c", "today's")])

    migrate(*BEFORE)
    write(connection, "as before", ["n4"])
    found = connection.execute("SELECT count(*) FROM providers_upstreamtokens WHERE access <> ''").fetchone()
    assert found == (PEOPLE,)
    migrate()
    assert counted(connection) == (PEOPLE, PEOPLE, PEOPLE)
    assert pairs(connection, "n4") == [("", "as before")]


def test_an_empty_table_goes_both_ways(elsewhere: Elsewhere) -> None:
    connection, migrate = elsewhere
    for step in ((), BEFORE, ()):
        migrate(*step)
    connection.execute(CROWD.replace("%(people)s", "1").encode())
    connection.execute(IDENTITIES)
    for sid in ("a", "b"):
        write(connection, "new", ["n1"], sid=sid)

    assert counted(connection) == (2, 2, 1)
