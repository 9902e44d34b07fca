"""`python -m bench.trail.cost`: the cost of audited writes (targets 10 and 11), and of the trail in a sign-in."""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from types import FrameType

from bench.goals import Goal, Limits
from bench.table import lines, text
from bench.target import Target
from bench.trail import sign_in
from bench.trail.run import BULK, Outcome, Plan, called, carry_out, cpu_of
from bench.trail.targets import Auditlog, Bare, WithTrail
from bench.trail.writer import TWIN, WRITES
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

TARGETS: tuple[type[Target], ...] = (WithTrail, Bare, Auditlog)
TWINS = called(WithTrail.name, TWIN)
JUDGED = ("create", "save")  # the writes of target 10; the others are shown without a verdict


def _goal(number: int, what: str, unit: str, peers: dict[str, Limits]) -> Goal:
    return Goal(number=number, what=what, unit=unit, ours=what, theirs=what, peers=peers)


GOALS = [
    *(
        _goal(10, write, "µs", {TWINS: Limits(must=1.5, moonshot=1.3) if write in JUDGED else Limits(must=None)})
        for write in WRITES
    ),
    _goal(11, "bulk create", "ms", {TWINS: Limits(must=2.0, moonshot=1.4)}),
    _goal(11, "bulk delete", "ms", {Auditlog.name: Limits(must=0.1, moonshot=0.03)}),
]


def main() -> int:
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGTERM, leave)
    plan = _plan()
    begun = datetime.now(tz=UTC)
    try:
        outcome = carry_out([target() for target in TARGETS], plan, say)
        if plan.sign_ins:
            sign_in.carry_out(plan.sign_in_rounds, plan.sign_ins, outcome, say)
    except (CannotStart, Unexpected) as failed:
        say(f"the benchmark failed: {failed}")
        return 1
    keep("trail", outcome, plan, begun)
    sys.stdout.write(_report(outcome, plan, begun))
    return 0


def keep(kind: str, outcome: Outcome, plan: Plan, begun: datetime) -> None:
    folder = CHECKOUT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{kind}-{begun:%Y-%m-%dT%H%M%S}.json"
    kept.write_text(
        json.dumps({"begun": begun.isoformat(), "plan": asdict(plan), "figures": outcome.figures}, indent=1)
    )
    say(f"the figures of all rounds are in {kept.relative_to(CHECKOUT)}")


def head(plan: Plan, begun: datetime) -> str:
    return (
        f"{begun:%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {plan.rounds} rounds of "
        f"{plan.times} writes, {plan.bulk_rounds} of {plan.rows} rows in bulk; wall time inside a transaction; medians."
    )


def side_by_side(outcome: Outcome) -> str:
    """Format all figures of all targets, judged or not."""
    names = [name for name in outcome.figures if BULK[0] in outcome.figures[name]]
    rows = ["| what | unit | " + " | ".join(names) + " |", "|---" * (2 + len(names)) + "|"]
    for figure in (*WRITES, *map(cpu_of, WRITES), *BULK):
        cells = (f"{median(outcome.figures[name][figure]):.0f}" for name in names)
        rows.append(f"| {figure} | {'ms' if figure in BULK else 'µs'} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _report(outcome: Outcome, plan: Plan, begun: datetime) -> str:
    goals = [*GOALS, *([sign_in.GOAL] if plan.sign_ins else [])]
    judged = [line for goal in goals for line in lines([goal], outcome.figures, list(goal.peers))]
    missed = "\n".join(
        f"{name}: of {plan.rows} rows, {' / '.join(map(str, rows))} left no entry (create / update / delete)."
        for name, rows in outcome.missed.items()
        if name not in {TWINS, Bare.name}
    )
    described: tuple[type[Target], ...] = (*TARGETS, sign_in.WithoutTrail)
    foot = "\n".join(f"{target.name}: {target.described}" for target in described)
    twins = f"{TWINS}: the same columns in the same process, with no receiver, no comment and no trigger"
    return "\n\n".join([head(plan, begun), text(judged), side_by_side(outcome), missed, twins, foot]) + "\n"


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench.trail.cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--times", type=int, default=10, help="writes of each kind in each round (default 10)")
    parser.add_argument("--rows", type=int, default=5000, help="rows of a bulk write (default 5000)")
    parser.add_argument("--bulk-rounds", type=int, default=7)
    parser.add_argument("--sign-ins", type=int, default=100, help="sign-ins in each round; 0 skips them")
    parser.add_argument("--sign-in-rounds", type=int, default=15)
    return Plan(**vars(parser.parse_args()))


def leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def say(words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
