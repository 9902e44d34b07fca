"""What the trail adds to a returning sign-in: the product with and without it, in turns."""

from collections.abc import Callable
from contextlib import ExitStack

from bench.crowd import Crowd
from bench.goals import Goal, Limits
from bench.measuring import Measured
from bench.ours import Vestibule
from bench.provider import people
from bench.rounds import order
from bench.running import DATABASE, Running
from bench.target import Ground
from bench.trail.run import Outcome
from bench.wire import Unexpected

LANES = 4
FIGURE = "sign-in google"


class WithoutTrail(Vestibule):
    name = "without-trail"
    described = "the product with no receiver, no trigger and no event: the request's id and context stay"
    trail = ""

    def environment(self, ground: Ground) -> dict[str, str]:
        return {**super().environment(ground), "DJANGO_SETTINGS_MODULE": "bench.trail.without"}


GOAL = Goal(
    number=1,
    what="returning sign-in with the trail",
    unit="CPU ms",
    ours=FIGURE,
    theirs=FIGURE,
    peers={WithoutTrail.name: Limits(must=1.1)},
)


def carry_out(rounds: int, operations: int, outcome: Outcome, say: Callable[[str], None]) -> None:
    """Measure both, and add their figures to the outcome."""
    with ExitStack() as stack:
        crowd = stack.enter_context(Crowd())
        sites = {}
        for target in (Vestibule(), WithoutTrail()):
            say(f"setting up {target.name} for sign-ins")
            running = stack.enter_context(Running(target))
            running.start_web()
            sites[target.name] = Measured(running, crowd, LANES)
            sites[target.name].warm_up()
        for number, names in enumerate(order(list(sites), rounds), 1):
            say(f"{operations} sign-ins, round {number} of {rounds}: {', '.join(names)}")
            for name in names:
                outcome.add(name, FIGURE, sites[name].sign_ins("google", people("google"), operations).cpu_ms)
        _check_that_none_was_kept(sites[WithoutTrail.name].running)


def _check_that_none_was_kept(running: Running) -> None:
    with running.postgres.connect(DATABASE) as connection:
        (entries,) = connection.execute("SELECT count(*) FROM audit_entry").fetchone() or (0,)
    if entries:
        raise Unexpected(f"{running.target.name} must not have a trail, but has {entries} entries")
