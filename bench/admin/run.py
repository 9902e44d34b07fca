"""One run: stock admin and ours with a million people, ours with a thousand, page by page in turns."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench.admin import data
from bench.client import Order
from bench.crowd import Crowd
from bench.measuring import Measured
from bench.ours import Vestibule
from bench.peers.stock.target import Stock
from bench.rounds import Sample, order
from bench.running import DATABASE, Running
from bench.target import Target
from bench.wire import Browser, Connection, Unexpected

PAGES = ("list", "far page", "by name", "by address", "by subject", "a user's page")
SMALL = "vestibule-1000"
FEW = 1000  # people
PER_PAGE = 100
BULK = 10_000  # people
Say = Callable[[str], None]


class SmallVestibule(Vestibule):
    name = SMALL
    described = f"the same with {FEW} people"


@dataclass(frozen=True, kw_only=True)
class Plan:
    people: int
    rounds: int
    operations: int
    lanes: int


@dataclass
class Site:
    """A target filled with people, and a superuser's cookie."""

    measured: Measured
    people: int
    cookie: str

    def paths(self) -> Mapping[str, str]:
        """Return the same queries for every target: about a person after three quarters, and a page in the middle."""
        somebody = self.people * 3 // 4 + 27
        q = {
            "by name": "?q=grace",
            "by address": f"?q=person{somebody}%40",
            "by subject": f"?q={data.subject(somebody)}",
        }
        if self.measured.name == Stock.name:
            people, identities = "/admin/stock/person/", "/admin/stock/identity/"
            middle = f"?p={self.people // PER_PAGE // 2}"
        else:
            people = identities = "/admin/accounts/user/"
            middle = f"?p=after-{data.person(self.people // 2)}"
        return {
            "list": people,
            "far page": people + middle,
            "by name": people + q["by name"],
            "by address": people + q["by address"],
            "by subject": identities + q["by subject"],
            "a user's page": f"{people}{data.person(somebody)}/change/",
        }

    def read(self, page: str, operations: int) -> Sample:
        lanes = self.measured.lanes
        return self.measured.measure(
            Order(
                base=self.measured.running.url,
                operations=operations,
                lanes=lanes,
                page=self.paths()[page],
                cookies=[self.cookie] * lanes,
            )
        )


@dataclass
class Outcome:
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, target: str, figure: str, value: float) -> None:
        self.figures.setdefault(target, {}).setdefault(figure, []).append(value)


def carry_out(plan: Plan, say: Say) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        crowd = stack.enter_context(Crowd())
        sites = {}
        wanted: list[tuple[Target, int, Sequence[data.Table]]] = [
            (Vestibule(), plan.people, data.OURS),
            (SmallVestibule(), FEW, data.OURS),
            (Stock(), plan.people, data.STOCK),
        ]
        for target, people, tables in wanted:
            say(f"filling {target.name} with {people} people")
            running = stack.enter_context(Running(target))
            with running.postgres.connect(DATABASE) as connection:
                data.fill(connection, tables, people)
            running.start_web()
            cookie = running.ask("-m", "bench.admin.enter")
            sites[target.name] = Site(Measured(running, crowd, plan.lanes), people, cookie)
        _read_all(plan, sites, outcome, say)
        ours = sites[Vestibule.name]
        _export(ours, outcome, say)
        _act_in_bulk(ours, outcome, say)
    return outcome


def _read_all(plan: Plan, sites: Mapping[str, Site], outcome: Outcome, say: Say) -> None:
    for site in sites.values():
        for page in PAGES:
            site.read(page, 2 * plan.lanes)  # the first read waits for the disk
    for number, names in enumerate(order(list(sites), plan.rounds), 1):
        say(f"round {number} of {plan.rounds}: {', '.join(names)}")
        for page in PAGES:
            for name in names:
                sample = sites[name].read(page, plan.operations)
                outcome.samples.setdefault(name, {}).setdefault(page, []).append(sample)
                outcome.add(name, page, sample.cpu_ms)


def _export(site: Site, outcome: Outcome, say: Say) -> None:
    """Export all people as CSV, and watch the memory of the web processes meanwhile."""
    say("exporting all people")
    running = site.measured.running
    before = running.web_mb()
    highest, is_over = [before], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.2):
            highest.append(running.web_mb())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        with Connection(running.url) as connection:
            name, _, value = site.cookie.partition("=")
            browser = Browser(connection, {name: value})
            token = browser.token_on("/admin/accounts/user/")
            answer = browser.post("/admin/accounts/user/export/csv/", {"csrfmiddlewaretoken": token})
    finally:
        is_over.set()
        watching.join()
    rows = answer.body.count(b"\r\n") - 1
    if answer.status != 200 or rows != site.people + 1:  # and the superuser
        raise Unexpected(f"the export answered {answer.status} with {rows} rows")
    outcome.add(Vestibule.name, "export growth", max(highest) - before)
    outcome.notes.append(f"Export of {rows} people as CSV: {len(answer.body) / 1e6:.0f} MB.")


def _act_in_bulk(site: Site, outcome: Outcome, say: Say) -> None:
    count = min(BULK, site.people // 2)
    say(f"deactivating {count} people")
    found: dict[str, Any] = json.loads(site.measured.running.ask("-m", "bench.admin.bulk", str(count)))
    if found["entries"] != count:
        raise Unexpected(f"the bulk action left {found['entries']} entries")
    outcome.add(Vestibule.name, "bulk", found["seconds"])
    outcome.notes.append(
        f"Bulk action on {count} people: {found['entries']} entries and {found['events']} events (revoked sessions, "
        "its start and its end) under one batch id."
    )
