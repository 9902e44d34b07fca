"""The goals of a call with an access token (bench/goals.py has those of sign-ins)."""

from bench.goals import Goal, Limits

AGAIN, NEW, FLOOR = "call, tokens in turns", "call, each with a new token", "call without a token"
DJANGO, OWN = "call of a Django view, tokens in turns", "call of our own API, tokens in turns"
JOSE, JOSE_JWK, PYJWT = "python-jose", "python-jose, JWK", "Django, PyJWT"

NO_LIMIT = Limits(must=None)

GOALS = (
    Goal(
        number=6,
        what=DJANGO,
        unit="CPU ms",
        ours=DJANGO,
        theirs=DJANGO,
        peers={PYJWT: Limits(must=1.0, moonshot=0.7)},
    ),
    # It asks the database whether the token still counts, which the peer never learns.
    Goal(number=6, what=OWN, unit="CPU ms", ours=OWN, theirs=DJANGO, peers={PYJWT: NO_LIMIT}),
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
