"""One entry as different readers see it: what each may know, and what no longer exists."""

import re
from html import unescape
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from audit import declarations
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from audit.models import Entry
from audit.reading import point_in_time, presentation
from foundation.declarations import Audited, NotAudited
from tests.support.proven import proven
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

TRAIL = "/admin/audit/entry/"


def said(client: Client, path: str) -> str:
    """Return the text of a page."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    main = answer.content.decode().split('<div id="content"', maxsplit=1)[-1]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)))


def page(client: Client, entry: Entry) -> str:
    return said(client, f"{TRAIL}{entry.pk}/change/")


def past(client: Client, entry: Entry, side: str) -> str:
    return said(client, f"{TRAIL}{entry.pk}/point-in-time/{side}/")


def newest(**about: object) -> Entry:
    return Entry.objects.filter(**about).latest("id")


@pytest.mark.promise(46)
def test_names_of_people_elsewhere_are_hidden_even_if_their_row_was_changed_here(town: Town) -> None:
    """A person of B was changed in A, where nobody may see them."""
    with acting(tenant_id=str(town.a.tenant.pk)):
        User.objects.filter(pk=town.b.member.pk).update(name="Canary")
    entry = newest(object_id=str(town.b.member.pk), action="update")
    told = page(proven(town.a.owner), entry)

    assert "Name (not for you to see) (not for you to see)" in told
    assert "Canary" not in told
    assert town.b.member.name not in told


@pytest.mark.promise(46)
def test_names_of_deleted_people_are_shown_only_to_superusers(town: Town, administrator: Client) -> None:
    with acting(tenant_id=str(town.a.tenant.pk)):
        User.objects.filter(pk=town.both.pk).update(name="Canary")
        entry = newest(object_id=str(town.both.pk), action="update")
        User.objects.filter(pk=town.both.pk).delete()

    assert "Canary" in past(administrator, entry, "after")
    told = past(proven(town.a.owner), entry, "after")
    assert "(not for you to see)" in told
    assert "Canary" not in told


@pytest.mark.promise(46)
def test_objects_that_a_reader_may_not_list_are_shown_without_names(town: Town, administrator: Client) -> None:
    group = Group.objects.create(name="Canary crew")
    with acting(actor=Actor(ActorKind.SERVICE, "payroll"), tenant_id=str(town.a.tenant.pk)):
        record(Event.TENANT_SWITCHED, object=group)
    entry = newest(action=Event.TENANT_SWITCHED)

    assert "Canary crew" in page(administrator, entry)
    assert "Canary crew" not in page(proven(town.a.owner), entry)


def test_the_person_behind_an_actor_is_named(administrator: Client, town: Town) -> None:
    support, payroll = Actor(ActorKind.PERSON, str(town.a.owner.pk)), Actor(ActorKind.SERVICE, "payroll")
    with acting(actor=Actor(ActorKind.PERSON, str(town.both.pk)), behind=support):
        record(Event.TENANT_SWITCHED)
    impersonated = page(administrator, newest(action=Event.TENANT_SWITCHED))
    with acting(actor=Actor(ActorKind.SERVICE, "broker"), behind=payroll):
        record(Event.TENANT_SWITCHED)
    for_a_service = page(administrator, newest(action=Event.TENANT_SWITCHED))

    assert town.a.owner.name in impersonated
    assert {"broker", "payroll"} <= set(for_a_service.split())


def test_choices_are_shown_by_their_labels_and_empty_values_as_empty(administrator: Client) -> None:
    ada = User.objects.create_user(name="Ada")
    Authenticator.objects.create(user=ada, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    told = page(administrator, newest(object_table="mfa_authenticator"))
    record(Event.SIGN_IN_SUCCEEDED, person=ada, provider="")

    assert str(Authenticator.Type.WEBAUTHN.label) in told
    assert "Provider (empty)" in page(administrator, newest(action=Event.SIGN_IN_SUCCEEDED))


def test_long_texts_with_many_differences_are_only_said_to_differ(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding the common words of two long texts would take too long."""
    group = Group.objects.create(name="the old crew of the great ship that sails at dawn")
    group.name = "the new crew of the small ship that sails at dawn"
    group.save()
    path = f"{TRAIL}{newest(object_table='auth_group').pk}/change/"

    assert "<del>old</del> crew of the <del>great</del> ship" in _marked(administrator, path)
    monkeypatch.setattr(presentation, "COMPARED_WORDS", 3)
    assert "the <del>old crew of the great</del> ship that sails" in _marked(administrator, path)


def _marked(client: Client, path: str) -> str:
    return re.sub(r"\s+", " ", client.get(path).content.decode())


def test_an_object_that_changed_too_often_is_not_reconstructed(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(point_in_time, "MOST_CHANGES", 2)
    group = Group.objects.create(name="a")
    first = newest(object_table="auth_group")
    for name in ("b", "c"):
        group.name = name
        group.save()

    assert "cannot be worked out here" in past(administrator, first, "after")
    assert "cannot be worked out here" not in past(administrator, newest(object_table="auth_group"), "after")


def test_past_states_hide_what_is_masked_today_and_show_what_was_audited_then(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group.objects.create(name="Canary crew")
    entry = newest(object_table="auth_group")
    monkeypatch.setitem(declarations.declared(), "auth.group", Audited("auth.Group", masked={"name"}))
    assert "Name (not for you to see)" in past(administrator, entry, "after")
    assert "(not for you to see)" in page(administrator, entry), "it was written before the column was masked"

    monkeypatch.setitem(declarations.declared(), "auth.group", NotAudited("auth.Group", reason="no longer"))
    Group.objects.filter(pk=group.pk).update(name="renamed")
    assert "Name Canary crew" in past(administrator, newest(object_table="auth_group"), "before")


def test_an_object_of_a_removed_table_is_shown_by_its_id(administrator: Client) -> None:
    key = str(uuid4())
    record(Event.TENANT_SWITCHED, object=("former_table", key))

    assert key[:8] in page(administrator, newest(action=Event.TENANT_SWITCHED))
