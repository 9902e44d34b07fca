"""A provider that hangs delays only those who wait for it: tested on the real server.

Whoever waits for it does so for the five seconds of ``upstream.DEADLINE``. Less than that tells others from them, on
a busy machine too.
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from config.embedded.programs import any_free_port
from config.variables import CHECKOUT
from providers import upstream
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

WAITED = upstream.DEADLINE * 0.6  # seconds


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        """Follow no redirects: the test examines them."""


@dataclass
class Visitor:
    """A browser with real HTTP."""

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
    """The product under gunicorn, with its own configuration and port."""
    url = f"http://127.0.0.1:{any_free_port()}"
    environment = os.environ | {"PORT": url.rpartition(":")[2], "PUBLIC_URL": url}
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi:application"]
    before, providers.public_url = providers.public_url, url
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            until(lambda: _is_alive(url), seconds=60)
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
@pytest.mark.promise(53)
def test_six_hanging_sign_ins_leave_pages_and_other_providers_working(
    site: str, providers: Sandbox, fault: str
) -> None:
    visitors = [Visitor(site) for _ in range(6)]
    callbacks = [providers.visit(visitor.start("google"), "ada") for visitor in visitors]
    providers.set_fault("google", fault)
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(v.open, callback) for v, callback in zip(visitors, callbacks, strict=True)]
        until(lambda: providers.counts("google")["token"] >= 4, seconds=upstream.DEADLINE)
        started_at = time.monotonic()
        page = Visitor(site).open(f"{site}/accounts/login/")[0]
        other = Visitor(site)
        signed_in = other.open(providers.visit(other.start("keycloak"), "grace"))
        took = time.monotonic() - started_at
        statuses = [answer.result()[0] for answer in waiting]

    assert (page, signed_in[0]) == (200, 302)
    assert took < WAITED
    assert statuses == [424] * 6


@pytest.mark.promise(53)
def test_a_provider_without_documents_delays_nobody_else(site: str, providers: Sandbox) -> None:
    visitors = [Visitor(site) for _ in range(6)]
    providers.set_fault("google", "discovery_hang")
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(visitor.start, "google") for visitor in visitors]
        until(lambda: providers.counts("google").total() >= 1, seconds=upstream.DEADLINE)
        started_at = time.monotonic()
        page = Visitor(site).open(f"{site}/accounts/login/")[0]
        other = Visitor(site)
        signed_in = other.open(providers.visit(other.start("keycloak"), "grace"))
        took = time.monotonic() - started_at
        locations = [answer.result() for answer in waiting]

    assert (page, signed_in[0]) == (200, 302)
    assert took < WAITED
    assert locations == [""] * 6


MADE_UP = 20


def _made_up(providers: Sandbox, number: int) -> str:
    """Return a logout token that looks like Keycloak's, with an unknown key."""
    header = {"alg": "RS256", "typ": "logout+jwt", "kid": f"made-up-{number}"}
    claims = {"iss": providers.world.issuer(Provider.KEYCLOAK), "aud": "vestibule", "jti": f"{number}", "sid": "x"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


@pytest.mark.parametrize("is_cold", [True, False])
@pytest.mark.parametrize("fault", ["jwks_hang", "jwks_drip_body"])
@pytest.mark.promise(53, 96)
def test_forged_logout_tokens_slow_no_page_down(site: str, providers: Sandbox, fault: str, *, is_cold: bool) -> None:
    """The kind of fault: anonymous requests wait for a provider before any limit is checked, in all threads."""
    logout = f"{site}/accounts/keycloak/backchannel-logout/"
    visitor = Visitor(site)
    if not is_cold:
        for _ in range(8):  # both processes know Keycloak's keys
            known = Visitor(site)
            assert known.open(providers.visit(known.start("keycloak"), "grace"))[0] == 302
    providers.set_fault("keycloak", fault)
    with ThreadPoolExecutor(MADE_UP) as pool:
        sent = [
            pool.submit(Visitor(site).open, logout, {"logout_token": _made_up(providers, n)}) for n in range(MADE_UP)
        ]
        until(lambda: providers.counts("keycloak")["jwks"] >= 1, seconds=5)
        pages = [_seconds(lambda: visitor.open(f"{site}/accounts/login/")) for _ in range(10)]
        if not is_cold:
            came = Visitor(site)
            signed_in = came.open(providers.visit(came.start("keycloak"), "ada"))
            assert signed_in[0] == 302, "keys that are known serve on"
        assert not all(one.done() for one in sent), "the pages were asked for while tokens waited"
        statuses = {one.result()[0] for one in sent}

    assert max(pages) < WAITED
    assert statuses == {400}


def _seconds(act: Callable[[], tuple[int, str, str]]) -> float:
    began = time.monotonic()
    assert act()[0] == 200
    return time.monotonic() - began
