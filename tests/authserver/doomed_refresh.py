"""Refreshes in processes of their own, which may be killed at any moment.

It reads lines with an Authorization header and a refresh token. For each it forks a process that sends the request and
prints its id and the answer. Starting Django for each would take longer than the requests.
"""

import os
import signal
import sys
from typing import NoReturn
from urllib.parse import urlencode

import django
from django.db import connection

SITE = "127.0.0.1:8000"


def main() -> None:
    django.setup()
    from django.test import Client  # noqa: PLC0415  # it needs Django set up

    Client(HTTP_HOST=SITE).get("/oauth/token")  # loads the site once, before the processes are forked
    connection.close()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nobody has to wait for children that exit
    say("ready")
    for line in sys.stdin:
        auth, token = line.rstrip("\n").split("\t")
        pid = os.fork()
        if not pid:
            refresh(auth, token)
        say(f"started {pid}")


def refresh(auth: str, token: str) -> NoReturn:
    from django.test import Client  # noqa: PLC0415

    try:
        answer = Client(HTTP_HOST=SITE, raise_request_exception=False).post(
            "/oauth/token",
            urlencode({"grant_type": "refresh_token", "refresh_token": token}),
            content_type="application/x-www-form-urlencoded",
            headers={"Authorization": auth},
        )
        say(f"answer {answer.status_code} {answer.json().get('error', 'none')}")
    finally:
        connection.close()
        os._exit(0)


def say(line: str) -> None:
    os.write(1, f"> {line}\n".encode())


if __name__ == "__main__":
    main()
