"""The goals of the tokens' benchmark (bench/goals.py has those of sign-ins)."""

from bench.goals import Goal, Limits

CLIENT_CREDENTIALS, REFRESH = "client credentials", "refresh"
NO_LIMIT = {"toolkit": Limits(must=None)}

GOALS = (
    Goal(
        number=8,
        what="client credentials, RS256 JWT",
        unit="CPU ms",
        ours=CLIENT_CREDENTIALS,
        theirs=CLIENT_CREDENTIALS,
        peers={"toolkit": Limits(must=0.6), "oidc-provider": Limits(must=None, moonshot=1.0)},
    ),
    Goal(
        number=9,
        what="rotating refresh with reuse detection",
        unit="CPU ms",
        ours=REFRESH,
        theirs=REFRESH,
        peers={"toolkit": Limits(must=0.4), "oidc-provider": Limits(must=None, moonshot=1.2)},
    ),
)
STATEMENTS = (
    Goal(
        number=8,
        what="statements of a client credentials grant",
        unit="",
        ours=f"{CLIENT_CREDENTIALS}, statements",
        theirs=f"{CLIENT_CREDENTIALS}, statements",
        peers=NO_LIMIT,
    ),
    Goal(
        number=9,
        what="statements of a refresh",
        unit="",
        ours=f"{REFRESH}, statements",
        theirs=f"{REFRESH}, statements",
        peers=NO_LIMIT,
    ),
)
