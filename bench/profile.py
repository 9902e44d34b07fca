"""Where our own CPU time goes: `python -m bench.profile`, in one process and one thread, without gunicorn.

Prints the CPU ms of this process, without PostgreSQL, Valkey and the mock provider, for each request of a returning
sign-in and for the readings. `--calls` adds cProfile's report on the most expensive calls.
"""

import argparse
import cProfile
import io
import os
import pstats
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench.journeys import Door, sign_in
from bench.ours import Vestibule
from bench.provider import people
from bench.running import Running
from bench.wire import Answer, Browser, Connection

HOST = "127.0.0.1"
DEAREST = 60  # calls
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class InProcess:
    """The WSGI application in place of a connection to it. Measures the CPU time of each kind of request."""

    def __init__(self, application: Application, port: int, profile: cProfile.Profile | None) -> None:
        self.host = f"{HOST}:{port}"
        self.spent: dict[str, list[float]] = {}  # ms
        self._application = application
        self._profile = profile

    def ask(self, method: str, target: str, *, cookies: str = "", form: dict[str, str] | None = None) -> Answer:
        path, _, query = target.partition("?")
        body = urlencode(form or {}).encode()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_COOKIE": cookies,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **self._always(),
        }
        begun = time.process_time()
        with self._profile or nullcontext():
            answer = self._answer(environ)
        self.spent.setdefault(f"{method} {path}", []).append(1000 * (time.process_time() - begun))
        return answer

    def _always(self) -> dict[str, Any]:
        return {
            "SERVER_NAME": HOST,
            "SERVER_PORT": self.host.partition(":")[2],
            "HTTP_HOST": self.host,
            "HTTP_USER_AGENT": "bench",
            "REMOTE_ADDR": HOST,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
        }

    def _answer(self, environ: dict[str, Any]) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        result: Any = self._application(environ, lambda status, headers, _=None: started.append((status, headers)))
        body = b"".join(result)
        result.close()
        status, headers = started[0]
        return Answer(int(status[:3]), [(name.lower(), value.strip()) for name, value in headers], body)


def profiled(running: Running, site: InProcess, operations: int, only: str) -> None:
    target = running.target
    paths = [path for name, path in target.readings.items() if only in {"", name}]
    token, cookie = "", ""
    browser = Browser(site)
    token = browser.token_on(target.sign_in_page)
    cookie = browser.cookies["csrftoken"]
    with Connection(running.provider.url) as provider:
        for number in range(operations if only in {"", "sign-in"} else 1):
            name = target.providers[number % 2]
            start = target.start.format(provider=name)
            door = Door(base=running.url, start=start, first_page=target.first_page, token=token, token_cookie=cookie)
            browser = Browser(site)
            sign_in(browser, provider, door, people(name)[number // 2 % 10])
    for path in paths:
        for _ in range(operations):
            browser.get(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--operations", type=int, default=400)
    parser.add_argument("--only", choices=("", "sign-in", "me", "page"), default="")
    parser.add_argument("--calls", action="store_true", help="print the most expensive calls")
    arguments = parser.parse_args()
    with Running(Vestibule()) as running:
        os.environ.update(running.environment)
        from config.wsgi import application  # noqa: PLC0415  # it reads the environment set above

        profiled(running, InProcess(application, running.port, None), 40, "")
        profile = cProfile.Profile(time.process_time) if arguments.calls else None
        site = InProcess(application, running.port, profile)
        profiled(running, site, arguments.operations, arguments.only)
        for kind, spent in site.spent.items():
            sys.stdout.write(f"{median(spent):8.3f} ms  {sum(spent) / len(spent):8.3f} ms in the mean  {kind}\n")
        if profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(DEAREST)


if __name__ == "__main__":
    main()
