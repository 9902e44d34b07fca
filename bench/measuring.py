"""Measures one target at one task, and signs people in there."""

from dataclasses import dataclass, field

from bench.client import Order
from bench.crowd import Crowd
from bench.journeys import Door, sign_in
from bench.provider import PEOPLE, people
from bench.rounds import Sample, percentile
from bench.running import Running
from bench.wire import Browser, Connection

READINGS = 5  # per sign-in: they are cheap, and the kernel counts in steps of 10 ms


@dataclass
class Measured:
    """A running target, and the process whose people use it."""

    running: Running
    crowd: Crowd
    lanes: int
    _cookies: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.running.target.name

    def door(self, provider: str) -> Door:
        target = self.running.target
        path = target.start.format(provider=provider)
        with Connection(self.running.url) as site:
            browser = Browser(site)
            token = browser.token_on(target.sign_in_page) if target.starts_by_post else ""
        return Door(
            base=self.running.url,
            start=path,
            first_page=target.first_page,
            token=token,
            token_cookie=browser.cookies.get("csrftoken", ""),
        )

    def enter(self, site: Connection, person: str, provider: str = "google") -> Browser:
        """Sign one person in, and return the browser."""
        browser = Browser(site)
        with Connection(self.running.provider.url) as upstream:
            sign_in(browser, upstream, self.door(provider), person)
        return browser

    def warm_up(self) -> None:
        """Sign in all returning people for the first time, and fill the caches."""
        for provider in self.running.target.providers:
            self.sign_ins(provider, people(provider), PEOPLE)
        self._cookies = []
        for person in people("google")[: self.lanes]:
            with Connection(self.running.url) as site:
                self._cookies.append(self.enter(site, person).cookie_line)
        for page in self.running.target.readings.values():
            self.readings(page, 10 * self.lanes)

    def sign_ins(self, provider: str, who: list[str], operations: int) -> Sample:
        upstream = self.running.provider.url
        return self.measure(
            Order(
                base=self.running.url,
                operations=operations,
                lanes=self.lanes,
                provider=upstream,
                door=self.door(provider),
                people=who,
            )
        )

    def readings(self, page: str, operations: int) -> Sample:
        order = Order(base=self.running.url, operations=operations, lanes=self.lanes, page=page, cookies=self._cookies)
        return self.measure(order)

    def measure(self, order: Order) -> Sample:
        before, provider_before = self.running.cpu_ms(), self.running.provider.cpu_ms()
        report = self.crowd.carry_out(order)
        after, provider_cpu = self.running.cpu_ms(), self.running.provider.cpu_ms() - provider_before
        parts = {name: (after[name] - before[name]) / order.operations for name in after}
        return Sample(
            operations=order.operations,
            cpu_ms=sum(parts.values()),
            cpu_parts=parts,
            per_second=order.operations / report.seconds,
            p50_ms=1000 * percentile(report.latencies, 0.50),
            p99_ms=1000 * percentile(report.latencies, 0.99),
            provider_busy=provider_cpu / 1000 / report.seconds,
            client_busy=report.cpu / report.seconds,
        )
