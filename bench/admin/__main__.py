"""`python -m bench.admin`: measure the administrators' pages (target 14), print the table, store the figures."""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from types import FrameType

from bench.admin.run import BULK, PAGES, SMALL, Outcome, Plan, carry_out
from bench.goals import Goal, Limits
from bench.ours import Vestibule
from bench.peers.stock.target import Stock
from bench.rounds import middle
from bench.table import lines, text
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

PEERS = {Stock.name: Limits(must=0.3), SMALL: Limits(must=None, moonshot=1.3)}
GOALS = [
    *(Goal(number=14, what=page, unit="CPU ms", ours=page, theirs=page, peers=PEERS) for page in PAGES),
    Goal(number=14, what=f"bulk action on {BULK}", unit="s", ours="bulk", alone=Limits(must=60)),
    Goal(
        number=14,
        what="growth of the web processes by an export",
        unit="MB PSS",
        ours="export growth",
        alone=Limits(must=50),
    ),
]


def main() -> int:
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGTERM, _leave)
    plan = _plan()
    begun = datetime.now(tz=UTC)
    try:
        outcome = carry_out(plan, _say)
    except (CannotStart, Unexpected) as failed:
        _say(f"the benchmark failed: {failed}")
        return 1
    folder = CHECKOUT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"admin-{begun:%Y-%m-%dT%H%M%S}.json"
    kept.write_text(
        json.dumps({"begun": begun.isoformat(), "plan": asdict(plan), "figures": outcome.figures}, indent=1)
    )
    sys.stdout.write(_report(outcome, plan, begun))
    _say(f"the figures of all rounds are in {kept.relative_to(CHECKOUT)}")
    return 0


def _report(outcome: Outcome, plan: Plan, begun: datetime) -> str:
    head = (
        f"{begun:%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {plan.people} people; {plan.rounds} "
        f"rounds of {plan.operations} pages, {plan.lanes} at the same time; medians; noise is the rounds' range."
    )
    with_peers = [goal for goal in GOALS if goal.peers]
    table = [*lines(with_peers, outcome.figures, list(PEERS)), *lines(GOALS[len(with_peers) :], outcome.figures, [])]
    speeds = ["| target | page | per second | p50 ms | p99 ms |", "|---|---|---|---|---|"]
    speeds += [
        f"| {target} | {page} | {middle(samples, 'per_second'):.1f} | {middle(samples, 'p50_ms'):.1f} "
        f"| {middle(samples, 'p99_ms'):.1f} |"
        for target, pages in outcome.samples.items()
        for page, samples in pages.items()
    ]
    described = "\n".join(f"{target.name}: {target.described}" for target in (Vestibule, Stock))
    return "\n\n".join([head, text(table), "\n".join(speeds), "\n".join(outcome.notes), described]) + "\n"


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench.admin", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--operations", type=int, default=20, help="pages in each round (default 20)")
    parser.add_argument("--lanes", type=int, default=2, help="readers in parallel (default 2)")
    return Plan(**vars(parser.parse_args()))


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _say(words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
