"""Requests to a token endpoint, as a client's servers make them."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bench.wire import Connection, Unexpected


@dataclass(frozen=True, kw_only=True)
class Grants:
    """Forms that one client sends in turns. A form with a refresh token goes on with that token's successor."""

    path: str
    authorization: str  # the header
    forms: list[dict[str, str]]

    def of_lane(self, lane: int, lanes: int) -> "Grants":
        """Return a lane's share: no two lanes may use the same refresh token. One form serves all."""
        return self if len(self.forms) == 1 else replace(self, forms=self.forms[lane::lanes])


def redeem(site: Connection, grants: Grants, numbers: Iterable[int]) -> Iterator[float]:
    """Send a form for each number, and yield the seconds that its response took."""
    waiting = deque(grants.forms)
    for _ in numbers:
        form = waiting.popleft()
        begun = time.perf_counter()
        answer = site.ask("POST", grants.path, form=form, authorization=grants.authorization)
        seconds = time.perf_counter() - begun
        if answer.status != 200:
            raise Unexpected(f"{grants.path} answered {answer.status}: {answer.body[:300]!r}")
        if "refresh_token" in form:
            form = {**form, "refresh_token": answer.json()["refresh_token"]}
        waiting.append(form)
        yield seconds
