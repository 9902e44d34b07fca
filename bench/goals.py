"""The goals of the benchmark: figures, peers, and limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    MOONSHOT = "moonshot"
    MUST = "must"
    MISSED = "MISSED"
    OPEN = "not measured"
    BESIDE = "no limit"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest figures that still count. None means no limit."""

    must: float | None
    moonshot: float | None = None

    def judge(self, figure: float | None) -> Verdict:
        if figure is None:
            return Verdict.OPEN
        if self.must is None and self.moonshot is None:
            return Verdict.BESIDE
        if self.moonshot is not None and figure <= self.moonshot:
            return Verdict.MOONSHOT
        return Verdict.MUST if self.must is not None and figure <= self.must else Verdict.MISSED


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One line of the table: a figure of ours, with its limits as a share of each peer's figure, or by itself.

    ``ours`` and ``theirs`` name figures of a target, as the run records them.
    """

    number: int
    what: str
    unit: str
    ours: str
    theirs: str = ""
    peers: Mapping[str, Limits] = field(default_factory=dict)
    alone: Limits | None = None


_RETURNING = {"allauth": Limits(must=0.4, moonshot=0.25)}
_WHO_AM_I = {"allauth": Limits(must=0.6, moonshot=0.4)}

GOALS = (
    Goal(
        number=1,
        what="returning sign-in, Google",
        unit="CPU ms",
        ours="sign-in google",
        theirs="sign-in google",
        peers=_RETURNING,
    ),
    Goal(
        number=1,
        what="returning sign-in, Keycloak",
        unit="CPU ms",
        ours="sign-in keycloak",
        theirs="sign-in google",
        peers=_RETURNING,
    ),
    Goal(
        number=2,
        what="first sign-in, Google",
        unit="CPU ms",
        ours="first google",
        theirs="first google",
        peers={"allauth": Limits(must=0.5, moonshot=0.25)},
    ),
    Goal(
        number=3,
        what="statements of a returning sign-in",
        unit="",
        ours="statements",
        theirs="statements",
        alone=Limits(must=10, moonshot=7),
    ),
    Goal(
        number=3,
        what="its calls to the provider",
        unit="",
        ours="upstream calls",
        theirs="upstream calls",
        alone=Limits(must=1, moonshot=1),
    ),
    Goal(number=4, what="who am I, JSON", unit="CPU ms", ours="me", theirs="me", peers=_WHO_AM_I),
    Goal(
        number=4,
        what="the same, the peer with identities too",
        unit="CPU ms",
        ours="me",
        theirs="me with identities",
        peers=_WHO_AM_I,
    ),
    Goal(
        number=5,
        what="signed-in HTML page",
        unit="CPU ms",
        ours="page",
        theirs="page",
        peers={"allauth": Limits(must=0.6, moonshot=0.45)},
    ),
    Goal(
        number=15,
        what="memory of the web processes after 200 sign-ins",
        unit="MB PSS",
        ours="memory",
        theirs="memory",
        peers={"allauth": Limits(must=1.3, moonshot=1.0)},
    ),
    Goal(
        number=16,
        what="process start to first answer",
        unit="s",
        ours="start",
        theirs="start",
        alone=Limits(must=1.0, moonshot=0.5),
    ),
)


def chosen(numbers: frozenset[int]) -> list[Goal]:
    """Return the goals with these numbers, or all goals for an empty set."""
    return [goal for goal in GOALS if not numbers or goal.number in numbers]
