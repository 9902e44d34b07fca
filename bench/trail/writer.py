"""One process that writes into the shop on order, and reports how long each write took.

A line of JSON comes in (what to do, how often) and a line goes out: the microseconds of each write, and the CPU time
per write of this process and its server process together. In the product, each write is also done to the twin of its
model, in turns: in the same process and over the same connection, but without receivers, comment and trigger. All
writes are rolled back, so that no round finds more rows than the one before.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import django
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

PER_REQUEST = 10  # writes in one request's transaction
TWIN = "Twin"  # suffix of the names of unaudited models
Write = Callable[[], object]
Prepare = Callable[[int, str], Write]  # called with a number, and with "" or TWIN

turns: Counter[str] = Counter()  # how often each write was ordered


class TakenBack(Exception):
    """The writes have been measured, and the transaction is rolled back."""


def main() -> None:
    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        what = order["do"]
        turns[what] += 1
        act = bulk if what == "bulk" else partial(in_requests, WRITES[what])
        sys.stdout.write(json.dumps(in_turns(act, order["times"], twin_first=turns[what] % 2 == 0)) + "\n")
        sys.stdout.flush()


def in_turns(act: Callable[[int, str], dict[str, Any]], times: int, *, twin_first: bool) -> dict[str, dict[str, Any]]:
    """Return the measurements, by "" for the models and TWIN for their twins."""
    likes = ["", TWIN] if apps.is_installed("audit") else [""]
    found = {}
    for like in reversed(likes) if twin_first else likes:
        with unheard() if like else nullcontext():
            found[like] = act(times, like)
    return found


def in_requests(prepare: Prepare, times: int, like: str) -> dict[str, Any]:
    taken, cpu = [], 0.0
    for first in range(0, times, PER_REQUEST):
        with taken_back():
            writes = [prepare(number, like) for number in range(first, min(times, first + PER_REQUEST))]
            with a_request():
                before = cpu_microseconds()
                taken += [microseconds(write) for write in writes]
                cpu += cpu_microseconds() - before
    return {"taken": taken, "cpu": cpu / times}


def bulk(rows: int, like: str) -> dict[str, list[float]]:
    """Create, update and delete rows in bulk, and count the entries that each statement left."""
    items = model("Item", like)
    wares = [items(**an_item(number)) for number in range(rows)]
    writes: tuple[Write, ...] = (
        lambda: items.objects.bulk_create(wares),
        lambda: items.objects.update(price=F("price") + 1),
        lambda: items.objects.all().delete(),
    )
    taken, entries = [], [0]
    with taken_back(), a_request():
        for write in writes:
            taken.append(microseconds(write))
            entries.append(count_entries())
    return {"taken": taken, "entries": [after - before for before, after in pairwise(entries)]}


def an_item(number: int) -> dict[str, Any]:
    return {"name": f"Thing {number}", "note": "As good as new, and cheaper. " * 4, "price": number}


def a_customer(number: int) -> dict[str, Any]:
    return {"name": f"Person {number}", "email": f"person{number}@example.com", "password": "!" + "x" * 40}


def created(name: str, values: Callable[[int], dict[str, Any]]) -> Prepare:
    return lambda number, like: lambda: model(name, like).objects.create(**values(number))


def saved(name: str, values: Callable[[int], dict[str, Any]], column: str, value: object) -> Prepare:
    def prepare(number: int, like: str) -> Write:
        rows = model(name, like).objects
        row = rows.get(pk=rows.create(**values(number)).pk)
        setattr(row, column, value)
        return row.save  # type: ignore[no-any-return]  # of any model

    return prepare


def deleted(number: int, like: str) -> Write:
    return model("Item", like).objects.create(**an_item(number)).delete  # type: ignore[no-any-return]


WRITES: dict[str, Prepare] = {
    "create": created("Item", an_item),
    "save": saved("Item", an_item, "price", -1),
    "delete": deleted,
    "create, personal": created("Customer", a_customer),
    "save, personal": saved("Customer", a_customer, "name", "Countess"),
    "save, not personal": saved("Customer", a_customer, "visits", 1),
}


def model(name: str, like: str) -> Any:
    return apps.get_model("shop", name + like)


@contextmanager
def unheard() -> Iterator[None]:
    """Remove the trail's execute wrapper from the connection."""
    connection.ensure_connection()
    wrappers, commenter = connection.execute_wrappers, import_module("audit.comment").of(connection)
    at = wrappers.index(commenter)
    wrappers.remove(commenter)
    try:
        yield
    finally:
        wrappers.insert(at, commenter)


def microseconds(write: Write) -> float:
    begun = time.perf_counter()
    write()
    return round((time.perf_counter() - begun) * 1e6, 1)


def cpu_microseconds() -> float:
    """CPU time so far by the scheduler's clock (proc_pid_schedstat(5)): ticks of 10 ms are too coarse for one write."""
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return time.process_time_ns() / 1000 + int(server.split()[0]) / 1000


def a_request() -> AbstractContextManager[object]:
    """Set the context that the product's middleware sets for a request. Without the product, do nothing."""
    if not apps.is_installed("audit"):
        return nullcontext()
    context = import_module("audit.context")
    actor = context.Actor(context.ActorKind.PERSON, str(uuid4()))
    return context.acting(actor=actor, request_id=uuid4())  # type: ignore[no-any-return]  # imported by name


def count_entries() -> int:
    with connection.cursor() as cursor:
        cursor.execute(settings.COUNT_ENTRIES)  # type: ignore[misc]  # of the shop's settings
        return int(cursor.fetchone()[0])


@contextmanager
def taken_back() -> Iterator[None]:
    with suppress(TakenBack), transaction.atomic():
        yield
        raise TakenBack


if __name__ == "__main__":
    main()
