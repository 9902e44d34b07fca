"""Events: recorded by explicit calls, through a database function that fixes their source."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import Identity, User
from audit.context import Actor, ActorKind, acting
from audit.events import Event, SecretInDetails, record
from audit.models import Entry
from tests.audit.truth import rolled_back

ADA = Actor(ActorKind.PERSON, "ada")


@pytest.mark.promise(75)
@pytest.mark.django_db
def test_an_event_has_the_circumstances_of_its_context() -> None:
    user, request_id = User.objects.create_user(name="Ada"), uuid4()
    identity = Identity.objects.create(user=user, provider="github", issuer="i", subject="1")
    with acting(
        actor=ADA, request_id=request_id, ip_address="2001:db8::7", user_agent="Mozilla", tenant_id="t", reason="asked"
    ):
        record(Event.IDENTITY_LINKED, person=user, object=identity, provider="github")

    entry = Entry.objects.get(request_id=request_id)
    assert (entry.source, entry.action, entry.actor) == ("event", "identity.linked", ADA)
    assert (entry.person, entry.object_table, entry.object_id) == (str(user.pk), "accounts_identity", str(identity.pk))
    assert (entry.tenant_id, entry.reason, entry.details) == ("t", "asked", {"provider": "github"})
    assert (entry.personal.ip_address, entry.personal.user_agent) == ("2001:db8::7", "Mozilla")


@pytest.mark.django_db
def test_personal_values_of_an_event_are_stored_where_an_erasure_reaches_them() -> None:
    record(Event.SIGN_IN_REFUSED, personal={"email": "ada@example.com"}, why="account inactive")
    entry = Entry.objects.latest("id")

    assert entry.details == {"why": "account inactive"}
    assert entry.personal.after == {"email": "ada@example.com"}
    assert entry.personal_digest is not None


@pytest.mark.django_db
def test_an_event_takes_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        record(Event.SIGN_IN_SUCCEEDED, person=uuid4(), object=("accounts_session", "1"), actor=ADA)


@pytest.mark.promise(75)
@pytest.mark.django_db(transaction=True)
def test_a_refusal_survives_the_rollback_of_what_was_refused() -> None:
    with rolled_back():
        Group.objects.create(name="never")
        record(Event.SIGN_IN_SUCCEEDED)
    record(Event.SIGN_IN_REFUSED, why="account inactive")

    assert list(Entry.objects.filter(source="event").values_list("action", flat=True)) == ["sign_in.refused"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "details",
    [
        {"password": "x"},
        {"access_token": "x"},
        {"clientSecret": "x"},
        {"code": "x"},
        {"Set-Cookie": "x"},
        {"claims": [{"refresh_token": "x"}]},
    ],
)
def test_a_detail_named_like_a_secret_is_refused(details: dict[str, object]) -> None:
    for arguments in (details, {"personal": details}):
        with pytest.raises(SecretInDetails):
            record(Event.SIGN_IN_REFUSED, **arguments)
    assert not Entry.objects.filter(source="event").exists()


@pytest.mark.promise(75)
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["create", "update", "delete", "nodot", "Sign.In", ".x", "x.", "a.b\nc", ""])
def test_the_database_refuses_an_event_that_could_pass_for_a_change(name: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_event(%s, %s)", [name, "{}"])


@pytest.mark.promise(75)
@pytest.mark.django_db
def test_an_event_cannot_choose_its_source_time_or_role() -> None:
    with connection.cursor() as cursor:
        told = '{"source": "signal", "at": "1970-01-01", "actor_kind": "database", "actor_id": "postgres"}'
        cursor.execute("SELECT audit_event('x.y', %s)", [told])
    entry = Entry.objects.latest("id")

    assert (entry.source, entry.at.year > 2000, str(entry.actor)) == ("event", True, "database: vestibule_app")


def test_every_event_is_described_in_a_sentence_and_named_with_a_dot() -> None:
    for event in Event:
        assert str(event.label).endswith(".")
        assert "." in event.value
