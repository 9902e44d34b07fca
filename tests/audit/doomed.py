"""Writers that may be killed at any moment, each in its own process with its own connection.

It reads a line with a seed, starts a writer that writes by that seed, and prints its process id. Writers are forked,
because starting Django two hundred times would take longer than the writing.
"""

import os
import signal
import sys
from contextlib import nullcontext
from random import Random
from typing import NoReturn
from uuid import uuid4

import django
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

HOT = 4  # groups that all writers change
STEPS = 5  # transactions of one writer


class Never(Exception):
    """Rolls back what a writer did in this transaction, or since its savepoint."""


def main() -> None:
    django.setup()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nobody has to wait for children that exit
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            write(int(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def write(seed: int) -> NoReturn:
    chance = Random(seed)  # noqa: S311  # to be repeated, not to be secret
    try:
        for _ in range(STEPS):
            step(chance)
    finally:
        connection.close()
        os._exit(0)


def step(chance: Random) -> None:
    """Run a transaction, or statements in autocommit. A third of the transactions is rolled back."""
    in_transaction = chance.random() < 0.7
    try:
        with transaction.atomic() if in_transaction else nullcontext():
            for _ in range(chance.randint(1, 4)):
                change(chance)
            if in_transaction and chance.random() < 0.3:
                try:
                    with transaction.atomic():
                        change(chance)
                        take_back()
                except Never:
                    change(chance)
            if chance.random() < 0.3:
                take_back()
    except (Never, DatabaseError):  # another writer held a lock for too long, or a name was taken
        pass


def take_back() -> NoReturn:
    raise Never


def change(chance: Random) -> None:
    from django.contrib.auth.models import Group  # noqa: PLC0415  # they need Django set up

    from accounts.models import User  # noqa: PLC0415

    name = uuid4().hex
    match chance.randrange(8):
        case 0:
            User.objects.create(name=name, email=f"{name}@example.com", password=name)
        case 1:
            group = Group.objects.create(name=name)
            group.name = f"{name}, saved"
            group.save()
        case 2:
            Group.objects.bulk_create([Group(name=f"{name} {number}") for number in range(5)])
        case 3:
            Group.objects.filter(name=f"hot {chance.randrange(HOT)}").update(name=F("name"))
            Group.objects.filter(name__endswith="saved").update(name=Concat(F("name"), Value(" more")))
        case 4:
            Group.objects.filter(name__startswith=name[0]).delete()
        case 5:
            person = User.objects.create(name=name)
            person.groups.set(Group.objects.filter(name__startswith="hot"))
        case 6:
            User.objects.create(name=name).delete()
        case _:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO auth_group (name) SELECT %s || i FROM generate_series(1, 3) i", [name])
                cursor.execute("DELETE FROM auth_group WHERE name = %s", [f"{name}2"])


if __name__ == "__main__":
    main()
