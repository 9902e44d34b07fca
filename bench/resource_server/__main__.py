"""`python -m bench.resource_server`: measure a call with an access token (targets 6 and 7)."""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from types import FrameType

from bench.report import condition_line, speeds, warnings
from bench.resource_server.back_ends import KINDS, OURS_IN_DJANGO
from bench.resource_server.goals import GOALS, OWN
from bench.resource_server.run import TOKENS, Outcome, Plan, carry_out
from bench.table import OURS, lines, text
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT


def main() -> int:
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGTERM, _leave)
    plan, begun = _plan(), datetime.now(tz=UTC)
    try:
        outcome = carry_out(plan, _say)
    except (CannotStart, Unexpected) as failed:
        _say(f"the benchmark failed: {failed}")
        return 1
    folder = CHECKOUT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"resource-server-{begun:%Y-%m-%dT%H%M%S}.json"
    kept.write_text(json.dumps({"begun": begun.isoformat(), "plan": asdict(plan), **asdict(outcome)}, indent=1))
    sys.stdout.write(_report(outcome, plan, begun))
    _say(f"the figures of all rounds are in {kept.relative_to(CHECKOUT)}")
    return 0 if _counts(outcome) else 1


def _report(outcome: Outcome, plan: Plan, begun: datetime) -> str:
    head = (
        f"{begun:%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {plan.rounds} rounds of "
        f"{plan.operations} calls, {plan.lanes} callers at the same time, {TOKENS} tokens in turns; medians; noise is "
        "the rounds' range."
    )
    parts = [
        head,
        "" if _counts(outcome) else "NO FIGURE COUNTS: a condition of a win does not hold here (below).",
        text([line for goal in GOALS for line in lines([goal], outcome.figures, list(goal.peers))]),
        speeds(outcome.samples),
        "\n".join(condition_line(name, found) for name, found in outcome.conditions.items()),
        "\n".join(f"{kind.name}: {kind.described}" for kind in KINDS),
        *warnings(outcome.samples),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts(outcome: Outcome) -> bool:
    """Whether our own back ends and our own API meet all conditions."""
    return all(one.holds for name in (OURS, OURS_IN_DJANGO, OWN) for one in outcome.conditions[name])


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench.resource_server", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default 5)")
    parser.add_argument("--operations", type=int, default=4000, help="calls in each round (default 4000)")
    parser.add_argument("--lanes", type=int, default=4, help="callers in parallel (default 4)")
    return Plan(**vars(parser.parse_args()))


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _say(words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
