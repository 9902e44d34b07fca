"""The goals of a call with an access token (bench/goals.py has those of sign-ins)."""

from bench.goals import Goal, Limits

AGAIN, NEW, FLOOR = "call, tokens in turns", "call, each with a new token", "call without a token"
JOSE, JOSE_JWK = "python-jose", "python-jose, JWK"

NO_LIMIT = Limits(must=None)

GOALS = (
    Goal(
        number=7,
        what=AGAIN,
        unit="CPU ms",
        ours=AGAIN,
        theirs=AGAIN,
        peers={JOSE: Limits(must=0.9, moonshot=0.5), JOSE_JWK: NO_LIMIT},
    ),
    Goal(number=7, what=NEW, unit="CPU ms", ours=NEW, theirs=NEW, peers={JOSE: NO_LIMIT, JOSE_JWK: NO_LIMIT}),
)
