"""What people do, step by step, with the response that each step must get."""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.wire import Answer, Browser, Connection, Unexpected


@dataclass(frozen=True, kw_only=True)
class Door:
    """A site's sign-in through one provider, with the CSRF cookie and token to start it by POST.

    Cookie and token come from the sign-in page, which is opened once. So every target is measured on three
    requests: start, callback and first page. Without a token the start is a GET.
    """

    base: str
    start: str
    first_page: str
    token: str = ""
    token_cookie: str = ""


def start(browser: Browser, door: Door) -> str:
    """Press the button, and return the provider's authorization URL."""
    if door.token:
        browser.cookies["csrftoken"] = door.token_cookie
        answer = browser.post(door.start, {"csrfmiddlewaretoken": door.token})
    else:
        answer = browser.get(door.start)
    return _redirect(answer, door.start)


def choose(provider: Connection, authorize_url: str, person: str) -> str:
    """Pick a person at the mock provider, and return the callback URL."""
    parts = urlsplit(authorize_url)
    name = parts.path.split("/")[1]
    answer = provider.ask("POST", f"/{name}/choose", form={"request": parts.query, "persona": person})
    return _redirect(answer, "the provider's picker")


def sign_in(browser: Browser, provider: Connection, door: Door, person: str) -> float:
    """Sign a person in, open the first page, and return the seconds that the target took for its three responses."""
    begun = time.perf_counter()
    authorize_url = start(browser, door)
    left = time.perf_counter()
    callback = choose(provider, authorize_url, person)
    came = time.perf_counter()
    _redirect(browser.get(callback), "the callback")
    page = browser.get(door.first_page)
    if page.status != 200:
        raise Unexpected(f"the first page answered {page.status} to {person}, who is not signed in")
    return (left - begun) + (time.perf_counter() - came)


def read(browser: Browser, path: str) -> float:
    """Open a page or resource that requires a session, and return the seconds that it took."""
    begun = time.perf_counter()
    answer = browser.get(path)
    if answer.status != 200:
        raise Unexpected(f"{path} answered {answer.status}")
    return time.perf_counter() - begun


def _redirect(answer: Answer, what: str) -> str:
    if answer.status not in {302, 303} or not answer.location:
        raise Unexpected(f"{what} answered {answer.status}: {answer.body[:300]!r}")
    return answer.location
