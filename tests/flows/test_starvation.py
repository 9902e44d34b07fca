"""A provider that hangs holds up those who wait for it, and nobody else: tried on the real server."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from config.embedded.programs import any_free_port
from config.environment import CHECKOUT
from sandbox.server import Sandbox
from tests.waiting import until

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True), pytest.mark.promise(53)]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        """Redirects are for the test to look at."""


@dataclass
class Visitor:
    """A browser over real HTTP."""

    site: str
    jar: CookieJar = field(default_factory=CookieJar)

    def open(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, location and text."""
        opener = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor(self.jar))
        request = urllib.request.Request(url, urlencode(form).encode() if form else None, {"Referer": self.site})
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.headers.get("Location", ""), answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers.get("Location", ""), refused.read().decode()

    def start(self, provider: str) -> str:
        _, _, page = self.open(f"{self.site}/accounts/{provider}/login/")
        proof = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert proof
        return self.open(f"{self.site}/accounts/{provider}/login/", {"csrfmiddlewaretoken": proof.group(1)})[1]


@pytest.fixture
def site(providers: Sandbox, tmp_path: Path) -> Iterator[str]:
    """The product under gunicorn, with its own configuration, on a port of its own."""
    url = f"http://127.0.0.1:{any_free_port()}"
    environment = os.environ | {"PORT": url.rpartition(":")[2], "PUBLIC_URL": url}
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi:application"]
    before, providers.public_url = providers.public_url, url
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            until(lambda: _is_alive(url), seconds=20)
            yield url
        finally:
            providers.clear_faults()
            server.terminate()
    providers.public_url = before


def _is_alive(url: str) -> bool:
    try:
        return Visitor(url).open(f"{url}/health/live")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("fault", ["token_hang", "token_drip_body"])
def test_six_hanging_sign_ins_leave_pages_and_other_providers_working(
    site: str, providers: Sandbox, fault: str
) -> None:
    visitors = [Visitor(site) for _ in range(6)]
    callbacks = [providers.visit(visitor.start("google"), "ada") for visitor in visitors]
    providers.set_fault("google", fault)
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(v.open, callback) for v, callback in zip(visitors, callbacks, strict=True)]
        until(lambda: providers.counts("google")["token"] >= 4, seconds=3)
        started_at = time.monotonic()
        page = Visitor(site).open(f"{site}/accounts/login/")[0]
        other = Visitor(site)
        signed_in = other.open(providers.visit(other.start("keycloak"), "grace"))
        took = time.monotonic() - started_at
        statuses = [answer.result()[0] for answer in waiting]

    assert (page, signed_in[0]) == (200, 302)
    assert took < 3
    assert statuses == [424] * 6


def test_a_provider_that_publishes_nothing_holds_up_nobody_else(site: str, providers: Sandbox) -> None:
    visitors = [Visitor(site) for _ in range(6)]
    providers.set_fault("google", "discovery_hang")
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(visitor.start, "google") for visitor in visitors]
        until(lambda: providers.counts("google").total() >= 1, seconds=3)
        started_at = time.monotonic()
        page = Visitor(site).open(f"{site}/accounts/login/")[0]
        other = Visitor(site)
        signed_in = other.open(providers.visit(other.start("keycloak"), "grace"))
        took = time.monotonic() - started_at
        locations = [answer.result() for answer in waiting]

    assert (page, signed_in[0]) == (200, 302)
    assert took < 3
    assert locations == [""] * 6
