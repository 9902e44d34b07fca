"""The comment: what a statement carries to the database, and which statements an announcement covers."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models.signals import pre_save
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from audit import comment
from audit.context import Actor, ActorKind, acting
from audit.models import Entry, Source


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=30).filter(str.isprintable))
def test_no_id_can_end_the_comment_or_pass_for_a_placeholder(name: str) -> None:
    with acting(actor=Actor(ActorKind.SERVICE, name)):
        text = comment.comment("t")

    inside = text.removeprefix("/*audit ").removesuffix("*/")
    assert "*" not in inside
    assert "%" not in inside
    assert json.loads(inside) == {"k": "service", "a": name, "t": "t"}


def test_without_context_and_announcement_there_is_no_comment() -> None:
    assert comment.comment() == ""


@pytest.mark.django_db
def test_ip_address_browser_and_reason_stay_out_of_statements() -> None:
    batch = UUID(int=7)
    with acting(ip_address="192.0.2.7", user_agent="Mozilla", reason="because", batch_id=batch):
        expected = f'/*audit {{"b": "{batch}", "t": "auth_group"}}*/'
        assert comment.comment("auth_group") == comment.comment("auth_group") == expected


@pytest.mark.django_db
def test_reading_carries_no_comment() -> None:
    statements = _statements(lambda: list(Group.objects.all()))

    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


@pytest.mark.django_db
def test_an_audited_write_takes_no_more_statements_than_another() -> None:
    assert len(_statements(lambda: Group.objects.create(name="staff"))) == 1


@pytest.mark.django_db
def test_an_announcement_is_dropped_with_its_block() -> None:
    def refuse(**_: object) -> None:
        raise ZeroDivisionError

    group = Group.objects.create(name="staff")
    pre_save.connect(refuse, sender=Group)
    try:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            group.save()
    finally:
        pre_save.disconnect(refuse, sender=Group)
    with transaction.atomic():
        Group.objects.update(name="updated")

    assert Entry.objects.latest("id").source == "database"
    assert comment.of(connection).announced == []


@pytest.mark.django_db
def test_no_announcement_is_left_after_any_kind_of_change() -> None:
    user, group = User.objects.create_user(name="Ada"), Group.objects.create(name="staff")
    user.groups.add(group)
    user.groups.add(group)
    user.groups.clear()
    user.save()
    Group.objects.all().delete()
    user.delete()
    Group.objects.count()

    assert comment.of(connection).announced == []


@pytest.mark.django_db
def test_changes_by_receivers_of_a_save_are_announced_separately() -> None:
    """A receiver of pre_save deletes and saves other rows, before the statement of the save itself."""
    unwanted, group = Group.objects.create(name="unwanted"), Group.objects.create(name="other")

    def change_others(**_: object) -> None:
        unwanted.delete()
        group.save()

    last = Entry.objects.latest("id").pk
    pre_save.connect(change_others, sender=User)
    try:
        User.objects.create_user(name="Ada")
    finally:
        pre_save.disconnect(change_others, sender=User)

    entries = Entry.objects.filter(pk__gt=last).order_by("id")
    assert [(e.object_table, e.action, e.source) for e in entries] == [
        ("auth_group", "delete", Source.SIGNAL),
        ("accounts_user", "create", Source.SIGNAL),
    ]
    assert comment.of(connection).announced == []


def test_a_connection_with_other_wrappers_also_has_one_commenter() -> None:
    listened_to = connection.copy()

    with listened_to.execute_wrapper(lambda execute, *call: execute(*call)):
        assert comment.of(listened_to) is comment.of(listened_to)


@pytest.mark.django_db(transaction=True)
def test_a_connection_has_one_commenter_however_often_it_reconnects() -> None:
    for number in range(3):
        Group.objects.create(name=f"g{number}")
        connection.close()
    Group.objects.count()

    assert sum(isinstance(wrapper, comment.Commenter) for wrapper in connection.execute_wrappers) == 1


FIRST_WRITES: dict[str, Callable[[Group, User], object]] = {
    "create": lambda _group, _person: Group.objects.create(name="another"),
    "save": lambda group, _person: group.save(),
    "delete": lambda group, _person: group.delete(),
    "add to many": lambda group, person: person.groups.add(group),
}


@pytest.mark.promise(75)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("write", FIRST_WRITES.values(), ids=FIRST_WRITES)
def test_the_first_write_of_a_new_connection_is_announced(write: Callable[[Group, User], object]) -> None:
    """Guards against an announcement that is lost because the connection opens only after the signal."""
    group, person = Group.objects.create(name="staff"), User.objects.create_user(username="ada")
    group.name = "crew"
    before = Entry.objects.order_by("-id").values_list("id", flat=True)[0]
    connection.close()

    write(group, person)

    assert list(Entry.objects.filter(id__gt=before).values_list("source", flat=True)) == [Source.SIGNAL]


def _statements(act: Callable[[], object]) -> list[str]:
    said: list[str] = []

    def listen(execute: Callable[..., Any], text: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        said.append(text)
        return execute(text, params, many, context)

    with connection.execute_wrapper(listen):
        act()
    return said
