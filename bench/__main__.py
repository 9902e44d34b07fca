"""`python -m bench`: measure the targets in one run, print the table, store the figures."""

import argparse
import json
import os
import signal
import sys
from datetime import UTC, datetime
from types import FrameType

from bench.goals import chosen
from bench.ours import Vestibule
from bench.peers.allauth.target import Allauth
from bench.report import as_json, as_text, counts
from bench.run import Plan, Run
from bench.target import Target
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

PEERS = (Allauth,)


def main() -> int:
    os.chdir(CHECKOUT)
    arguments = options()
    signal.signal(signal.SIGTERM, _leave)
    plan = Plan(
        goals=chosen(arguments.only),
        rounds=arguments.rounds,
        operations=arguments.operations,
        lanes=arguments.lanes,
        starts=arguments.starts,
    )
    targets: list[Target] = [Vestibule()] if arguments.alone else [Vestibule(), *(peer() for peer in PEERS)]
    begun = datetime.now(tz=UTC)
    try:
        outcome = Run(plan=plan, targets=targets, say=_say).carry_out()
    except (CannotStart, Unexpected) as failed:
        _say(f"the benchmark failed: {failed}")
        return 1
    folder = CHECKOUT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{begun:%Y-%m-%dT%H%M%S}.json"
    kept.write_text(json.dumps(as_json(outcome, plan, begun), indent=1))
    sys.stdout.write(as_text(outcome, plan, targets, begun))
    _say(f"the figures of all rounds are in {kept.relative_to(CHECKOUT)}")
    return 0 if counts(outcome) else 1


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default 5)")
    parser.add_argument("--operations", type=int, default=200, help="sign-ins in each round (default 200)")
    parser.add_argument("--lanes", type=int, default=4, help="people in parallel (default 4)")
    parser.add_argument("--starts", type=int, default=5, help="how often each target is started (default 5)")
    parser.add_argument("--alone", action="store_true", help="measure our own site only")
    parser.add_argument("--only", type=_numbers, default=frozenset(), help="targets' numbers, such as 1,4")
    return parser.parse_args()


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(","))


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
