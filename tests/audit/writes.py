"""The kinds of write with which the trail is tested: all that Django and PostgreSQL offer to change a row."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.db.models.signals import post_save, pre_save

from accounts.models import Identity, User
from audit import announce
from tests.audit.truth import rolled_back

KINDS: dict[str, tuple[Callable[["Cast"], object], str]] = {}


@dataclass
class Cast:
    ada: User
    bob: User
    staff: Group
    guests: Group
    identity: Identity

    def fresh(self) -> User:
        return User.objects.get(pk=self.ada.pk)


def by(sources: str) -> Callable[[Callable[[Cast], object]], Callable[[Cast], object]]:
    """Register a kind of write with the sources that its entries must have, in order: s for signal, d for database."""

    def register(kind: Callable[[Cast], object]) -> Callable[[Cast], object]:
        KINDS[kind.__name__] = (kind, sources)
        return kind

    return register


@by("s")
def create(cast: Cast) -> None:
    User.objects.create(name="Cy", email="cy@example.com", password="canary")


@by("s")
def save(cast: Cast) -> None:
    cast.ada.name = "Countess"
    cast.ada.save()


@by("s")
def save_named_fields(cast: Cast) -> None:
    cast.ada.name, cast.ada.is_staff = "Countess", True
    cast.ada.save(update_fields=["is_staff"])


@by("s")
def save_an_expression(cast: Cast) -> None:
    cast.ada.name = Concat(F("name"), Value(" L."))
    cast.ada.save()


@by("ds")
def save_a_stale_instance(cast: Cast) -> None:
    User.objects.filter(pk=cast.ada.pk).update(name="Meanwhile")
    cast.ada.is_staff = True
    cast.ada.save()


@by("sd")
def save_then_update(cast: Cast) -> None:
    save(cast)
    User.objects.filter(pk=cast.ada.pk).update(name="Again")


@by("dsss")
def update_many_among_saves(cast: Cast) -> None:
    Group.objects.filter(pk=cast.staff.pk).update(name="employees")
    for name in ("one", "two", "three"):
        cast.guests.name = name
        cast.guests.save()


@by("ss")
def save_twice(cast: Cast) -> None:
    save(cast)
    cast.ada.name = "Again"
    cast.ada.save()


@by("sd")
def create_then_update(cast: Cast) -> None:
    Group.objects.filter(pk=Group.objects.create(name="new").pk).update(name="newer")


@by("s")
def roll_back_a_savepoint_then_save(cast: Cast) -> None:
    with rolled_back():
        save(cast)
    cast.ada.save(update_fields=["name"])


@by("sds")
def mix_savepoints(cast: Cast) -> None:
    with transaction.atomic():
        save(cast)
        with rolled_back():
            cast.staff.delete()
        with transaction.atomic():
            Group.objects.filter(pk=cast.guests.pk).update(name="visitors")
    Group.objects.create(name="after")


@by("d")
def believe_no_announcement_of_a_save_that_never_came(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Group(name=cast.staff.name).save()
    Group.objects.filter(pk=cast.guests.pk).update(name="visitors")


@by("s")
def delete(cast: Cast) -> None:
    cast.identity.delete()


@by("dss")
def delete_with_everything_below(cast: Cast) -> None:
    cast.ada.delete()


@by("sss")
def delete_a_queryset(cast: Cast) -> None:
    Group.objects.filter(pk__in=[cast.guests.pk, Group.objects.create(name="x").pk]).delete()


@by("s")
def add_to_many(cast: Cast) -> None:
    cast.bob.groups.add(cast.guests)
    cast.bob.groups.add(cast.guests)


@by("s")
def add_from_the_other_side(cast: Cast) -> None:
    cast.guests.user_set.add(cast.bob)


@by("s")
def remove_from_many(cast: Cast) -> None:
    cast.ada.groups.remove(cast.staff)


@by("ss")
def set_many(cast: Cast) -> None:
    cast.ada.groups.set([cast.guests])


@by("s")
def clear_many(cast: Cast) -> None:
    cast.ada.groups.clear()


@by("ss")
def grant_permissions(cast: Cast) -> None:
    cast.staff.permissions.add(*Permission.objects.all()[:2])


@by("sd")
def write_the_through_table(cast: Cast) -> None:
    cast.bob.groups.add(cast.guests)
    User.groups.through.objects.filter(user_id=cast.bob.pk).update(group_id=cast.staff.pk)


@by("sss")
def get_or_update_or_create(cast: Cast) -> None:
    for _ in range(2):
        Group.objects.get_or_create(name="new")
    Group.objects.update_or_create(name="new", defaults={"name": "newer"})
    Group.objects.update_or_create(name="other")


@by("s")
def save_with_a_key_of_ones_own(cast: Cast) -> None:
    User(pk=uuid4(), name="Own").save(force_insert=False)


@by("")
def save_without_a_change(cast: Cast) -> None:
    cast.fresh().save()


@by("")
def update_without_a_change(cast: Cast) -> None:
    Group.objects.update(name=F("name"))


@by("ddd")
def create_in_bulk(cast: Cast) -> None:
    User.objects.bulk_create([User(name=str(n), password="canary") for n in range(3)])


@by("dd")
def update_in_bulk(cast: Cast) -> None:
    cast.ada.name, cast.bob.name = "A", "B"
    User.objects.bulk_update([cast.ada, cast.bob], ["name"])


@by("dd")
def upsert(cast: Cast) -> None:
    Identity.objects.bulk_create(
        [
            Identity(user=cast.bob, provider="github", issuer="i", subject=subject, name="New")
            for subject in (cast.identity.subject, "another")
        ],
        update_conflicts=True,
        unique_fields=["issuer", "subject"],
        update_fields=["name"],
    )


@by("d")
def change_the_key(cast: Cast) -> None:
    Group.objects.filter(pk=cast.guests.pk).update(id=4711)


@by("d")
def fail_to_save_then_update(cast: Cast) -> None:
    cast.bob.pk = UUID(int=0)
    with pytest.raises(DatabaseError), transaction.atomic():
        cast.bob.save(update_fields=["name"])
    User.objects.filter(pk=cast.ada.pk).update(name="After")


@by("ds")
def update_in_a_receiver_before(cast: Cast) -> None:
    def receiver(instance: Group, **_: object) -> None:
        Group.objects.filter(pk=cast.staff.pk).update(name="by receiver")

    _heard_first(receiver)
    cast.guests.name = "saved"
    try:
        cast.guests.save()
    finally:
        pre_save.disconnect(receiver, sender=Group)


@by("ss")
def save_in_a_receiver_after(cast: Cast) -> None:
    def receiver(instance: User, **_: object) -> None:
        if instance == cast.ada:
            cast.bob.name = "by receiver"
            cast.bob.save()

    post_save.connect(receiver, sender=User)
    try:
        save(cast)
    finally:
        post_save.disconnect(receiver, sender=User)


@by("s")
def check_constraints(cast: Cast) -> None:
    with transaction.atomic():
        save(cast)
        connection.check_constraints()


def _heard_first(receiver: Callable[..., None]) -> None:
    """Connect a receiver before the trail's own, where an app listed earlier would have it."""
    pre_save.disconnect(announce.before_save, sender=Group)
    pre_save.connect(receiver, sender=Group)
    pre_save.connect(announce.before_save, sender=Group)


def people() -> Cast:
    ada = User.objects.create(name="Ada", email="ada@example.com", password="canary")
    bob = User.objects.create(name="Bob")
    staff, guests = Group.objects.create(name="staff"), Group.objects.create(name="guests")
    ada.groups.add(staff)
    identity = Identity.objects.create(user=ada, provider="github", issuer="i", subject="1", claims={"a": [1]})
    return Cast(ada=User.objects.get(pk=ada.pk), bob=bob, staff=staff, guests=guests, identity=identity)
