"""Erasure: only ids of the person are left, other people's data stays, and the trail still verifies."""

import io
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from psycopg import errors

from accounts.cut_off.credentials import revocables
from accounts.models import Invitation, Session, User
from audit.events import Event
from audit.models import Entry, Personal
from audit.sealing.seals import seal
from foundation.declarations import Revocable, RevocationReason, RevocationResult
from tenancy import site_context
from tests.accounts.privacy.person import ADDRESS, BROWSER, MARK, WHERE, Known, known
from tests.audit.sealed import begin_anew, told, verify
from tests.support.proven import proven, sign_in
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)
EVERY_TEXT = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name IN (
        SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE')
"""


def places(servers: Servers, *needles: str) -> set[str]:
    """Return every column of every table that contains one of the needles, as a superuser sees it."""
    found = set()
    with psycopg.connect(servers.superuser_url) as all_seeing:
        for table, column in all_seeing.execute(EVERY_TEXT).fetchall():
            text = f'lower("{column}"::text)'
            for needle in needles:
                query = f'SELECT count(*) FROM "{table}" WHERE position(%s IN {text}) > 0'  # noqa: S608  # its own names
                if all_seeing.execute(query, [needle.lower()]).fetchone() != (0,):
                    found.add(f"{table}.{column}: {needle}")
    return found


def erase(person: User) -> dict[str, Any]:
    out = io.StringIO()
    call_command("erase_person", user=str(person.pk), reason="they asked for it", json=True, stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def trail() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM audit_entry e ORDER BY id")
        return list(cursor.fetchall())


def test_nothing_of_a_person_is_left_anywhere_and_every_entry_stays_as_it_was(servers: Servers) -> None:
    found = known()
    before = trail()
    assert places(servers, MARK, WHERE)

    erased = erase(found.ada)

    assert not places(servers, MARK, WHERE, BROWSER, ADDRESS)
    assert trail()[: len(before)] == before
    assert not User.objects.filter(pk=found.ada.pk).exists()
    assert erased["entries"] > 5
    event = Entry.objects.get(action=Event.PERSON_ERASED)
    assert (event.person, str(event.actor), event.reason) == (
        str(found.ada.pk), "command: erase_person", "they asked for it",
    )  # fmt: skip
    assert event.details == {"entries": erased["entries"]}


def test_digests_still_match_what_is_left_and_remain_where_it_is_erased() -> None:
    found = known()
    with_digest = Entry.objects.filter(personal_digest__isnull=False).count()
    erase(found.ada)

    assert Entry.objects.filter(personal_digest__isnull=False).count() >= with_digest
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE e.personal_digest = "
            "audit_digest(p.salt, p.before, p.after, p.ip_address, p.user_agent)) "
            "FROM audit_personal p JOIN audit_entry e ON e.id = p.entry_id"
        )
        left, fitting = cursor.fetchone()
    assert left == fitting > 0


def test_seals_still_verify(servers: Servers) -> None:
    begin_anew(servers)
    found = known()
    seal()
    before = verify()
    erase(found.ada)
    seal()
    after = verify()

    assert (told(before), told(after)) == ([], [])
    assert after.entries > before.entries > 10
    assert after.unsealed == 0


def test_others_keep_what_is_theirs(servers: Servers) -> None:
    found = known()
    erase(found.ada)

    assert Personal.objects.filter(
        after__name="Grace, renamed by Ada"
    ).exists()  # a change, without Ada's IP address and browser
    assert Personal.objects.filter(entry__action=Event.SIGN_IN_SUCCEEDED, ip_address="198.51.100.1").exists()
    assert User.objects.get(pk=found.grace.pk).name == "Grace, renamed by Ada"
    with site_context("a test looks"):
        (left,) = Invitation.objects.all()
    assert (left.email, left.invited_by_id) == ("else@example.com", None)


def test_sessions_are_revoked_first_while_the_account_still_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    found = known()
    seen: list[tuple[bool, int]] = []

    def look(people: Sequence[UUID], _reason: RevocationReason) -> RevocationResult:
        seen.append((User.objects.filter(pk__in=people).exists(), Session.objects.filter(user__in=people).count()))
        return RevocationResult(count=0)

    browser = Client()
    sign_in(browser, found.ada)
    one = Revocable(name="look", label="Look", revoke=look, alive=lambda _people: 0)
    monkeypatch.setitem(revocables(), "look", one)
    erase(found.ada)
    assert seen == [(True, 0)]
    assert browser.get("/accounts/").status_code == 302


def test_the_last_superuser_stays() -> None:
    root = User.objects.create_superuser(username="root")
    with pytest.raises(CommandError, match="last superuser"):
        erase(root)
    assert User.objects.filter(pk=root.pk).exists()
    assert Entry.objects.get(action=Event.PERSON_ERASURE_REFUSED).details == {"reason": "last_superuser"}


def test_only_superusers_erase_after_reauthentication_and_with_a_reason(servers: Servers) -> None:
    found = known()
    root = User.objects.create_superuser(username="root")
    User.objects.create_superuser(username="another")
    page = f"/admin/accounts/user/{found.ada.pk}/erase/"
    User.objects.filter(pk=found.grace.pk).update(is_staff=True)
    stale = Client()
    sign_in(stale, root)
    assert "/reauthenticate" in stale.post(page, {"reason": "x"}).headers["Location"]
    assert proven(found.grace).post(page, {"reason": "x"}).status_code == 403

    browser = proven(root)
    asked = browser.get(page).content.decode()
    assert "What goes" in asked
    assert "What stays" in asked
    assert "errornote" in browser.post(page, {"reason": " "}).content.decode()
    assert User.objects.filter(pk=found.ada.pk).exists()

    own = f"/admin/accounts/user/{root.pk}/erase/"
    assert "Nobody erases themselves" in browser.post(own, {"reason": "x"}, follow=True).content.decode()
    assert Entry.objects.get(action=Event.PERSON_ERASURE_REFUSED).details == {"reason": "oneself"}

    answer = browser.post(page, {"reason": "they asked for it"}, follow=True)
    assert "The person was erased" in answer.content.decode()
    assert not places(servers, MARK, WHERE)
    assert Entry.objects.get(action=Event.PERSON_ERASED).actor_id == str(root.pk)


def test_erasing_twice_in_the_database_is_recorded_twice_and_removes_nothing_more(servers: Servers) -> None:
    found: Known = known()
    erase(found.ada)
    left = Personal.objects.count()
    with psycopg.connect(servers.runtime_url) as runtime:
        again = json.dumps({"reason": "again", "actor_kind": "command", "actor_id": "x"})
        assert runtime.execute("SELECT audit_erase(%s, %s)", [str(found.ada.pk), again]).fetchone() == (0,)
    assert Personal.objects.count() == left
    assert Entry.objects.filter(action=Event.PERSON_ERASED).count() == 2


@pytest.mark.parametrize("arguments", [("", '{"reason": "x"}'), ("somebody", "{}"), (None, '{"reason": "x"}')])
def test_the_database_erases_nobody_without_an_actor_and_a_reason(
    servers: Servers, arguments: tuple[str | None, str]
) -> None:
    with psycopg.connect(servers.runtime_url) as runtime, pytest.raises(errors.InvalidParameterValue):
        runtime.execute("SELECT audit_erase(%s, %s)", arguments)
