"""API keys of people: what the database has of them, when they work, and what they may do."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.cut_off import cut_off
from accounts.models import CutOff, Membership, Role, User
from accounts.privacy.erasing import erase
from audit.context import Actor, ActorKind
from audit.events import record
from audit.models import Entry
from authserver import events
from authserver.models import ApiKey
from authserver.services import issuing, key_text, keys
from authserver.services.issuing import MOST_KEYS, NewKey
from authserver.services.keys import ApiKeyRefused
from foundation import lifetimes
from foundation.rows import change
from jobs.purging.run import purge
from tenancy import person_context, site_context, tenant_context
from tenancy.context import Scope
from tests.support import leaks
from tests.support.servers import Servers
from tests.support.services import READ, WRITE, clerk, key_of_person, refusal_of
from tests.support.together import together
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, WRITE, name="Ada")


@pytest.fixture
def new(town: Town, ada: User) -> NewKey:
    return key_of_person(ada, READ, "books:burn", tenant_id=town.a.tenant.pk)


def own(new: NewKey) -> AbstractContextManager[Scope]:
    assert new.key.user_id
    return person_context(new.key.user_id)


def row(new: NewKey) -> ApiKey:
    with site_context("a test looks"):
        found: ApiKey = ApiKey.objects.get(pk=new.key.pk)
        return found


@pytest.mark.promise(70)
def test_a_key_is_its_person_in_its_tenant_with_the_rights_of_their_role(town: Town, ada: User, new: NewKey) -> None:
    holder = keys.check(new.text)

    assert (holder.person, holder.service, holder.tenant_id) == (ada, None, town.a.tenant.pk)
    assert holder.scopes == {READ}  # nobody gave Ada the right to burn books
    assert (holder.id, holder.key_id) == (ada.pk, new.key.pk)


@pytest.mark.promise(70)
def test_the_database_has_a_public_part_and_a_digest(servers: Servers, new: NewKey) -> None:
    assert re.fullmatch(r"vak_[0-9a-f]{16}[\w-]{43}[0-9a-f]{8}", new.text)
    with leaks.log_of_everything() as log:
        keys.check(new.text)
    assert not leaks.in_tables(servers, {"key": new.text, "secret": new.text[20:63]})
    assert not leaks.in_text(log.getvalue(), {"key": new.text, "secret": new.text[20:63]})
    created = Entry.objects.get(object_table="authserver_apikey", action="create")
    assert new.key.digest not in str((created.after, created.details))
    told = Entry.objects.get(action=events.API_KEY_CREATED.value)
    assert (told.details or {})["prefix"] == f"vak_{new.key.public_id}"


@pytest.mark.promise(70)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "vak_",
        "Bearer x",
        "vak_" + "a" * 67,
        "x" * 1_000_000,
        "vak_\0" + "a" * 66,
        "vak_" + "é" * 67,
        "ᵥak_" + "0" * 67,
    ],
)
def test_what_is_no_key_is_refused_without_a_query(text: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert refusal_of(text) == "key_malformed"
    assert not queries.captured_queries


@pytest.mark.promise(70)
def test_a_mistyped_key_is_refused_without_a_query(new: NewKey) -> None:
    wrong = new.text[:30] + ("a" if new.text[30] != "a" else "b") + new.text[31:]
    for text in (wrong, new.text.upper(), new.text + "\n", " " + new.text, new.text[:-1]):
        with CaptureQueriesContext(connection) as queries:
            assert refusal_of(text) == "key_malformed", text
        assert not queries.captured_queries


@pytest.mark.promise(70)
def test_another_secret_with_the_same_public_part_is_refused(new: NewKey) -> None:
    other, _stored = key_text.new()
    body = new.text[:20] + other[20:63]
    assert refusal_of(other) == "key_unknown"
    assert refusal_of(body + key_text._checksum(body)) == "key_unknown"  # noqa: SLF001  # as a forger could


@pytest.mark.promise(70)
def test_everything_about_a_key_is_asked_in_one_statement(new: NewKey) -> None:
    with CaptureQueriesContext(connection) as queries:
        keys.check(new.text)
    assert len(queries) == 1


@pytest.mark.promise(70)
def test_the_last_use_is_noted_at_most_once_a_minute(new: NewKey) -> None:
    assert row(new).last_used_at is None
    keys.check(new.text)
    first = row(new).last_used_at
    assert first is not None
    keys.check(new.text)
    assert row(new).last_used_at == first

    with site_context("a minute passes"):
        ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    together(*[lambda: keys.check(new.text)] * 8)
    assert (row(new).last_used_at or first) > first
    assert not Entry.objects.filter(object_table="authserver_apikey", action="update").exists()


def _deactivate(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def _reactivate(person: User) -> None:
    _deactivate(person)
    User.objects.filter(pk=person.pk).update(is_active=True)


def _cut_off_and_leave_open(person: User) -> None:
    cut_off(person, by=CutOff.By.COMMAND, reason="a laptop was stolen", close=False)


def _remove(person: User) -> None:
    with site_context("a test removes a member"):
        Membership.objects.filter(user=person).delete()


@pytest.mark.promise(31)
@pytest.mark.promise(70)
@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        (_deactivate, "owner_inactive"),
        (_reactivate, "owner_cut_off"),
        (_cut_off_and_leave_open, "key_revoked"),
        (_remove, "owner_left"),
    ],
)
def test_a_key_stops_with_its_person(ada: User, new: NewKey, leave: Callable[[User], None], reason: str) -> None:
    assert refusal_of(new.text) is None
    leave(ada)
    assert refusal_of(new.text) == reason


@pytest.mark.promise(70)
def test_a_role_that_loses_a_scope_takes_it_from_the_key_at_once(ada: User, new: NewKey) -> None:
    with site_context("a test changes a role"):
        Role.objects.filter(memberships__user=ada).update(scopes=[WRITE])
    assert keys.check(new.text).scopes == frozenset()
    with site_context("a test changes a role"):
        Role.objects.filter(memberships__user=ada).update(scopes=[READ, "books:burn"])
    assert keys.check(new.text).scopes == {READ, "books:burn"}


@pytest.mark.promise(70)
def test_a_key_without_a_tenant_has_what_needs_no_role_and_a_superusers_has_all(ada: User) -> None:
    assert keys.check(key_of_person(ada, READ, "email").text).scopes == {"email"}
    root = User.objects.create_superuser(username="root")
    assert keys.check(key_of_person(root, READ, "email").text).scopes == {READ, "email"}


@pytest.mark.promise(70)
def test_a_revoked_key_is_refused_at_once_and_of_two_who_revoke_it_one_does(new: NewKey) -> None:
    def revoke() -> bool:
        with own(new):
            return issuing.revoke(new.key)

    assert sorted(together(revoke, revoke)) == [False, True]
    assert refusal_of(new.text) == "key_revoked"
    assert Entry.objects.filter(action=events.API_KEY_REVOKED.value).count() == 1


@pytest.mark.promise(70)
def test_a_key_that_is_revoked_while_it_is_used_is_refused_the_next_time(new: NewKey) -> None:
    def revoke() -> str | None:
        with own(new):
            issuing.revoke(new.key)
        return refusal_of(new.text)

    results = together(revoke, *[lambda: refusal_of(new.text)] * 7)
    assert results[0] == "key_revoked"
    assert set(results[1:]) <= {None, "key_revoked"}
    assert refusal_of(new.text) == "key_revoked"


@pytest.mark.promise(70)
def test_a_key_expires_after_ninety_days_unless_said_otherwise_and_a_year_at_most(ada: User, new: NewKey) -> None:
    assert timedelta(days=89) < new.key.expires_at - timezone.now() < timedelta(days=91)
    for days in (-1, 0, 367):
        with pytest.raises(ValidationError):
            key_of_person(ada, READ, expires_at=timezone.now() + timedelta(days=days))
    with site_context("time passes"):
        ApiKey.objects.update(expires_at=timezone.now())
    assert refusal_of(new.text) == "key_expired"


def test_a_rotated_key_works_for_a_week_beside_its_successor(new: NewKey) -> None:
    with own(new):
        successor = issuing.rotate(new.key)
    assert keys.check(successor.text).scopes == keys.check(new.text).scopes
    assert row(new).expires_at <= timezone.now() + lifetimes.SECRET_OVERLAP
    with own(new):
        issuing.revoke(new.key)
        with pytest.raises(ValidationError):
            issuing.rotate(new.key)


def test_there_is_an_end_to_the_number_of_keys(ada: User) -> None:
    for _number in range(MOST_KEYS):
        key_of_person(ada)
    with pytest.raises(ValidationError):
        key_of_person(ada)


@pytest.mark.parametrize("scope", ["two words", "", 'a"b', "é", "x" * 101, "a\0b"])
def test_a_scope_is_one_word(ada: User, scope: str) -> None:
    with pytest.raises(ValidationError):
        key_of_person(ada, scope)


def test_a_key_is_seen_by_its_person_and_its_tenant_alone(town: Town, ada: User, new: NewKey) -> None:
    assert not ApiKey.objects.exists()
    with person_context(ada.pk):
        assert ApiKey.objects.get() == new.key
    with tenant_context(town.a.tenant.pk):
        assert ApiKey.objects.get() == new.key
    with tenant_context(town.b.tenant.pk):
        assert not ApiKey.objects.exists()
        assert not change("UPDATE authserver_apikey SET name = 'x'", [])
        keys.check(new.text)  # in any context, which stays as it was
        assert not change("UPDATE authserver_apikey SET name = 'x'", [])


def test_expired_keys_are_purged(new: NewKey) -> None:
    with site_context("time passes"):
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(days=31))
    purge()
    with site_context("a test looks"):
        assert not ApiKey.objects.exists()
    assert Entry.objects.filter(action=events.API_KEY_PURGED.value).exists()


def test_an_erased_person_has_no_keys(ada: User, new: NewKey) -> None:
    erase(ada, reason="they asked")
    assert refusal_of(new.text) == "key_unknown"


def test_the_trail_names_the_person_of_a_key(ada: User, new: NewKey) -> None:
    with keys.check(new.text).acting():
        record(events.CLIENT_REGISTERED)
    entry = Entry.objects.get(action=events.CLIENT_REGISTERED.value)
    assert (entry.actor, entry.behind) == (Actor(ActorKind.PERSON, str(ada.pk)), None)


def test_a_refusal_says_nothing_of_the_key(new: NewKey) -> None:
    with own(new):
        issuing.revoke(new.key)
    with pytest.raises(ApiKeyRefused) as refused:
        keys.check(new.text)
    assert new.text[20:] not in str(refused.value)
