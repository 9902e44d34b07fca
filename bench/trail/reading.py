"""`python -m bench.trail.reading`: what the trail's pages cost with five million entries (target 14).

The peer is django-auditlog's own admin with as many rows in its own table.
"""

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from bench.admin.run import SMALL, Outcome, SmallVestibule
from bench.client import Order
from bench.crowd import Crowd
from bench.goals import Goal, Limits
from bench.measuring import Measured
from bench.ours import Vestibule
from bench.peers.auditlog.target import AuditlogPages
from bench.rounds import Sample, middle, order
from bench.running import DATABASE, Running
from bench.table import lines, text
from bench.target import Target
from bench.trail import entries
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

FEW = 1000  # entries
ENTRY = "an entry"
PEERS = {AuditlogPages.name: Limits(must=0.1), SMALL: Limits(must=None, moonshot=1.3)}
AT_ONCE = 1  # pages per reader and round at the peer, which takes seconds for one


@dataclass
class Site:
    measured: Measured
    entries: int
    cookie: str
    rare_kind: str  # the peer's id of the rare kind of object

    def pages(self) -> Mapping[str, str]:
        """Return the same queries for every target. Those that the peer has no filter for are ours only."""
        return self._theirs() if self.measured.name == AuditlogPages.name else self._ours()

    def _ours(self) -> Mapping[str, str]:
        middle = self.entries // 2
        tenant, person = entries.uuid("tenant 0"), entries.uuid(f"person {1 + middle * 7919 % entries.PEOPLE}")
        since, until = self._week()
        asked = {
            "list": "",
            "far page": f"?p=after-{middle}",
            "last page": "?p=before",
            "by object": f"?table=accounts_user&object={entries.uuid(f'object {middle % 50000}')}",
            "by kind of object, rare": "?table=accounts_claimrule",
            "by event": "?action=sign_in.refused",
            "by change": "?action=create",
            "by actor": f"?actor={person}",
            "by person": f"?person={person}",
            "by tenant": f"?tenant={tenant}",
            "by time": f"?since={since}&until={until}",
            "by request": f"?request={entries.uuid(f'request {middle // 2}')}",
            "by batch": f"?batch={entries.uuid(f'batch {middle // 5000}')}",
            "by address": f"?ip_address=10.0.{middle % 30000 // 256}.{middle % 256}",
            "by actor and time": f"?actor={person}&since={since}&until={until}",
            "by tenant and kind, rare together": f"?tenant={tenant}&table=accounts_claimrule",
            "by tenant and event, nothing in common": f"?tenant={tenant}&action=delete&source=signal",
            "by everything": f"?tenant={tenant}&person={person}&actor={person}&action=update&table=accounts_user"
            f"&since={since}&until={until}",
            "by any id": f"?q={person}",
        }
        return {name: f"/admin/audit/entry/{query}" for name, query in asked.items()} | {
            ENTRY: f"/admin/audit/entry/{middle}/change/"
        }

    def _theirs(self) -> Mapping[str, str]:
        middle = self.entries // 2
        person = entries.uuid(f"person {1 + middle * 7919 % entries.PEOPLE}")
        since, until = self._week()
        time = f"timestamp__gte={since}&timestamp__lt={until}"
        asked = {
            "list": "",
            "far page": f"?p={middle // 100}",
            "last page": f"?p={self.entries // 100}",
            "by object": f"?object_pk={entries.uuid(f'object {middle % 50000}')}",
            "by kind of object, rare": f"?resource_type={self.rare_kind}",
            "by event": "?action__exact=3",
            "by change": "?action__exact=0",
            "by actor": f"?actor__exact={person}",
            "by time": f"?{time}",
            "by request": f"?cid={entries.uuid(f'request {middle // 2}')}",
            "by address": f"?remote_addr=10.0.{middle % 30000 // 256}.{middle % 256}",
            "by actor and time": f"?actor__exact={person}&{time}",
            "by any id": "?q=Name+2500000",
        }
        return {name: f"/admin/auditlog/logentry/{query}" for name, query in asked.items()} | {
            ENTRY: f"/admin/auditlog/logentry/{middle}/change/"
        }

    def _week(self) -> tuple[str, str]:
        """Return a week in the middle of the trail."""
        begin = datetime.now(tz=UTC).date() - timedelta(days=150)
        return begin.isoformat(), (begin + timedelta(days=6)).isoformat()

    def read(self, page: str, operations: int) -> Sample:
        lanes = self.measured.lanes
        return self.measured.measure(
            Order(
                base=self.measured.running.url,
                operations=operations,
                lanes=lanes,
                page=self.pages()[page],
                cookies=[self.cookie] * lanes,
            )
        )


def carry_out(count: int, rounds: int, operations: int, lanes: int) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        crowd = stack.enter_context(Crowd())
        wanted: list[tuple[Target, int]] = [(Vestibule(), count), (SmallVestibule(), FEW), (AuditlogPages(), count)]
        sites = {}
        for target, rows in wanted:
            _say(f"filling {target.name} with {rows} entries")
            running = stack.enter_context(Running(target))
            with running.postgres.connect(DATABASE) as connection:
                rare_kind = _fill(target, connection, rows)
            running.start_web()
            cookie = running.ask("-m", "bench.admin.enter")
            sites[target.name] = Site(Measured(running, crowd, lanes), rows, cookie, rare_kind)
        for site in sites.values():
            for page in site.pages():
                site.read(page, lanes)  # the first read waits for the disk
        for number, names in enumerate(order(list(sites), rounds), 1):
            _say(f"round {number} of {rounds}: {', '.join(names)}")
            for page in sites[Vestibule.name].pages():
                for name in names:
                    if page in sites[name].pages():
                        sample = sites[name].read(page, AT_ONCE * lanes if name == AuditlogPages.name else operations)
                        outcome.samples.setdefault(name, {}).setdefault(page, []).append(sample)
                        outcome.add(name, page, sample.cpu_ms)
    return outcome


def _fill(target: Target, connection: Connection, rows: int) -> str:
    """Fill the target's trail. Return the peer's id of the rare kind of object, or "" for ours, which needs none."""
    if target.name != AuditlogPages.name:
        entries.fill_ours(connection, rows)
        return ""
    entries.fill_theirs(connection, rows)
    found = connection.execute("SELECT id FROM django_content_type WHERE (app_label, model) = ('stock', 'tenant')")
    (number,) = found.fetchone() or (0,)
    return str(number)


def _limits(page: str) -> Mapping[str, Limits]:
    """Return the page's limits. The page of one entry has none against the peer: both sides read it by its key."""
    return PEERS | {AuditlogPages.name: Limits(must=None)} if page == ENTRY else PEERS


def report(outcome: Outcome, count: int, begun: datetime) -> str:
    pages = list(outcome.samples[Vestibule.name])
    goals = [Goal(number=14, what=page, unit="CPU ms", ours=page, theirs=page, peers=_limits(page)) for page in pages]
    head = f"{begun:%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {count} entries; medians."
    speeds = ["| target | page | p50 ms | p99 ms |", "|---|---|---|---|"]
    speeds += [
        f"| {target} | {page} | {middle(samples, 'p50_ms'):.1f} | {middle(samples, 'p99_ms'):.1f} |"
        for target, measured in outcome.samples.items()
        for page, samples in measured.items()
    ]
    table = text(lines(goals, outcome.figures, list(PEERS)))
    return "\n\n".join([head, table, "\n".join(speeds), (__doc__ or "").split("\n\n")[-1]]) + "\n"


def main() -> int:
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGTERM, _leave)
    parser = argparse.ArgumentParser(prog="python -m bench.trail.reading", description=__doc__)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--operations", type=int, default=10, help="pages in each round (default 10)")
    parser.add_argument("--lanes", type=int, default=2, help="readers in parallel (default 2)")
    arguments = parser.parse_args()
    begun = datetime.now(tz=UTC)
    try:
        outcome = carry_out(arguments.entries, arguments.rounds, arguments.operations, arguments.lanes)
    except (CannotStart, Unexpected) as failed:
        _say(f"the benchmark failed: {failed}")
        return 1
    sys.stdout.write(report(outcome, arguments.entries, begun))
    return 0


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _say(words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
