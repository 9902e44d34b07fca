"""`python -m bench.tokens`: measure the auth server's grants (targets 8 and 9), print the table, store the figures."""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from types import FrameType

from bench.peers.oidc_provider.target import OidcProvider
from bench.peers.toolkit.target import Toolkit
from bench.report import condition_line, speeds, warnings
from bench.table import OURS, lines, text
from bench.tokens.goals import GOALS, STATEMENTS
from bench.tokens.issuer import Issuer
from bench.tokens.ours import VestibuleIssuer
from bench.tokens.run import Outcome, Plan, carry_out
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

PEERS = (Toolkit, OidcProvider)


def main() -> int:
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGTERM, _leave)
    plan = _plan()
    issuers: list[Issuer] = [VestibuleIssuer(), *(peer() for peer in PEERS)]
    begun = datetime.now(tz=UTC)
    try:
        outcome = carry_out(plan, issuers, _say)
    except (CannotStart, Unexpected) as failed:
        _say(f"the benchmark failed: {failed}")
        return 1
    folder = CHECKOUT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"tokens-{begun:%Y-%m-%dT%H%M%S}.json"
    kept.write_text(json.dumps({"begun": begun.isoformat(), "plan": asdict(plan), **asdict(outcome)}, indent=1))
    sys.stdout.write(_report(outcome, plan, issuers, begun))
    _say(f"the figures of all rounds are in {kept.relative_to(CHECKOUT)}")
    return 0 if _counts(outcome) else 1


def _report(outcome: Outcome, plan: Plan, issuers: list[Issuer], begun: datetime) -> str:
    measured = [issuer for issuer in issuers if issuer.name not in outcome.skipped]
    peers = [issuer.name for issuer in measured if issuer.name != OURS]
    head = (
        f"{begun:%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {plan.rounds} rounds of "
        f"{plan.operations} grants of each kind, {plan.lanes} clients at the same time; medians; noise is the rounds' "
        "range."
    )
    with_limits = lines(GOALS, outcome.figures, peers)
    counted = lines(STATEMENTS, outcome.figures, [peer for peer in peers if peer in STATEMENTS[0].peers])
    parts = [
        head,
        "" if _counts(outcome) else "NO FIGURE COUNTS: a condition of a win does not hold here (below).",
        text([*with_limits, *counted]),
        speeds(outcome.samples),
        "\n".join(condition_line(name, found) for name, found in outcome.conditions.items()),
        "\n".join(f"{name}: left out: {reason}" for name, reason in outcome.skipped.items()),
        "\n".join(f"{issuer.name}: {issuer.described}" for issuer in measured),
        *warnings(outcome.samples),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts(outcome: Outcome) -> bool:
    """Whether our own site meets all conditions, if it was measured."""
    return all(one.holds for one in outcome.conditions.get(OURS, ()))


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench.tokens", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default 5)")
    parser.add_argument("--operations", type=int, default=1000, help="grants in each round (default 1000)")
    parser.add_argument("--lanes", type=int, default=4, help="clients in parallel (default 4)")
    return Plan(**vars(parser.parse_args()))


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _say(words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
