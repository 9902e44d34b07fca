"""A person who signs in at Vestibule with a browser without script: it follows redirects and presses buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import requests

from sandbox.server import Sandbox

SIGN_IN = "/accounts/login/"
ENTER, LEAVE = "/oauth/device/check", "/oauth/logout/confirm/"
BUTTONS = {  # the addresses of the forms that are sent, by the person's answer
    "allow": (ENTER, "/oauth/consent/", "/oauth/device/allow/", LEAVE),
    "refuse": (ENTER, "/oauth/refuse", "/oauth/device/refuse"),
}
SECONDS = 30


@dataclass
class Form:
    """A form of a page, with its fields as they are filled in already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Person:
    """One browser of one person. ``answer`` is what they tell apps that ask; ``pages`` are those that were shown."""

    providers: Sandbox
    provider: str = "google"
    persona: str = "ada"
    answer: str = "allow"
    browser: requests.Session = field(default_factory=requests.Session)
    pages: list[str] = field(default_factory=list)

    def opens(self, url: str) -> requests.Response:
        """Open a URL, and follow no redirect."""
        return self.browser.get(urldefrag(url).url, allow_redirects=False, timeout=SECONDS)

    def goes_to(self, url: str) -> requests.Response:
        """Open a URL, do what its pages ask for, and return the last page."""
        return self.goes_on(self.opens(url))

    def is_sent_to(self, callback: str, url: str) -> str:
        """Open a URL, do what its pages ask for, and return the URL with which an app is answered, not opened."""
        response = self.goes_on(self.opens(url), callback)
        place = next_place(response)
        assert place, f"{response.status_code} at {response.url}: {response.text[:2000]}"
        return place

    def presses(self, response: requests.Response, *actions: str) -> requests.Response:
        """Press the button of the last form of a page whose action begins with one of these paths."""
        form = [form for form in forms(response) if form.action.startswith(actions)][-1]
        url = urljoin(response.url, form.action)
        return self.browser.post(url, form.fields, allow_redirects=False, timeout=SECONDS)

    def goes_on(self, response: requests.Response, callback: str | None = None) -> requests.Response:
        """Follow redirects and do what pages ask for, until another page comes or a redirect to the callback."""
        for _ in range(20):
            place, path = next_place(response), urlsplit(response.url).path
            if place:
                if callback and place.startswith(callback):
                    return response
                response = self.opens(self._through_provider(place))
            elif path == SIGN_IN:
                self.pages.append(path)
                response = self.presses(response, f"/accounts/{self.provider}/login/")
            elif any(form.action.startswith(BUTTONS[self.answer]) for form in forms(response)):
                self.pages.append(path)
                response = self.presses(response, *BUTTONS[self.answer])
            else:
                return response
        raise AssertionError(f"{response.url} redirects for ever")

    def _through_provider(self, place: str) -> str:
        """Return where a redirect leads. At the provider the person chooses who they are."""
        is_there = place.startswith(self.providers.base_url)
        return self.providers.visit(place, self.persona) if is_there else place


def next_place(response: requests.Response) -> str:
    """Return the URL to which a response leads by itself: a redirect, or a page that refreshes to it."""
    refresh = response.headers.get("Refresh", "").partition("url=")[2]
    return urljoin(response.url, response.headers.get("Location", refresh)) if response.is_redirect or refresh else ""


def forms(response: requests.Response) -> list[Form]:
    reader = _Reader()
    reader.feed(response.text)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=given.get("action", "")))
        elif tag == "input" and "name" in given and self.forms:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
