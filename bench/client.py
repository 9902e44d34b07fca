"""The process that plays all people. Orders come in and reports go out as lines of JSON."""

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from bench.journeys import Door, read, sign_in
from bench.tokens.grants import Grants, redeem
from bench.wire import Browser, Connection, Unexpected


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do, and how often. Lanes are people in parallel; each reads ``page`` with one of the ``cookies``.

    Instead they may sign in through ``door``, ask for tokens by their share of ``grants``, or call ``page`` with access
    ``tokens`` in turns.
    """

    base: str
    operations: int
    lanes: int
    provider: str = ""
    door: Door | None = None
    people: list[str] = field(default_factory=list)
    page: str = ""
    cookies: list[str] = field(default_factory=list)
    grants: Grants | None = None
    tokens: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, line: str) -> "Order":
        values = json.loads(line)
        door, grants = values.pop("door"), values.pop("grants")
        return cls(door=Door(**door) if door else None, grants=Grants(**grants) if grants else None, **values)


@dataclass(frozen=True, kw_only=True)
class Report:
    seconds: float
    latencies: list[float]  # seconds, of each operation
    cpu: float  # seconds of this process
    error: str = ""


def carry_out(order: Order) -> Report:
    """Carry out all operations, each in the first free lane."""
    numbers = iter(range(order.operations))
    cpu, begun = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(order.lanes) as pool:
        lanes = [pool.submit(_lane, order, lane, numbers) for lane in range(order.lanes)]
        latencies = [seconds for lane in lanes for seconds in lane.result()]
    return Report(seconds=time.perf_counter() - begun, latencies=latencies, cpu=time.process_time() - cpu)


def _lane(order: Order, lane: int, numbers: Iterator[int]) -> list[float]:
    if order.grants:
        return list(_grants(order, lane, numbers))
    if order.tokens:
        return list(_calls(order, numbers))
    return list(_sign_ins(order, numbers) if order.door else _readings(order, lane, numbers))


def _sign_ins(order: Order, numbers: Iterator[int]) -> Iterator[float]:
    """Sign in, each time with a new browser and a new connection. The connection to the provider is reused."""
    assert order.door is not None  # noqa: S101  # by carry_out
    with Connection(order.provider) as provider:
        for number in numbers:
            person = order.people[number % len(order.people)]
            with Connection(order.base) as site:
                yield sign_in(Browser(site), provider, order.door, person)


def _readings(order: Order, lane: int, numbers: Iterator[int]) -> Iterator[float]:
    """Read the page again and again with one browser per lane, on a persistent connection."""
    name_and_value = (pair.partition("=") for pair in order.cookies[lane].split("; "))
    cookies = {name: value for name, _, value in name_and_value}
    with Connection(order.base) as site:
        browser = Browser(site, cookies)
        for _ in numbers:
            yield read(browser, order.page)


def _grants(order: Order, lane: int, numbers: Iterator[int]) -> Iterator[float]:
    """Ask for tokens again and again, on a persistent connection."""
    assert order.grants is not None  # noqa: S101  # by _lane
    with Connection(order.base) as site:
        yield from redeem(site, order.grants.of_lane(lane, order.lanes), numbers)


def _calls(order: Order, numbers: Iterator[int]) -> Iterator[float]:
    """Call a back end again and again, on a persistent connection, with one token after the other."""
    with Connection(order.base) as site:
        for number in numbers:
            authorization = f"Bearer {order.tokens[number % len(order.tokens)]}"
            begun = time.perf_counter()
            answer = site.ask("GET", order.page, authorization=authorization)
            yield time.perf_counter() - begun
            if answer.status != 200:
                raise Unexpected(f"{order.page} answered {answer.status}: {answer.body[:300]!r}")


def main() -> None:
    for line in sys.stdin:
        try:
            report = carry_out(Order.from_json(line))
        except (Unexpected, OSError) as failed:
            report = Report(seconds=0.0, latencies=[], cpu=0.0, error=f"{type(failed).__name__}: {failed}")
        sys.stdout.write(json.dumps(asdict(report)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
