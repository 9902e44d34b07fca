"""A person at a browser without JavaScript, as the suite has one: they press the button of the last form of each page.

The browser follows redirects and keeps cookies. It submits a form only to where the page's policy lets it, and it
leaves its cookies away if another site posts (SameSite).
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.test import Client

FORM = "application/x-www-form-urlencoded"
OP = "https://op.example"
SUITE = "https://suite.example"
BY_PASSWORD = "/accounts/local/login/"
MOST_STEPS = 8


@dataclass
class Form:
    """A form of a page: where it goes, its fields with their values, and its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.is_in_form = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(action=found.get("action", ""), method=found.get("method", "get").lower()))
            self.is_in_form = True
        elif tag == "a":
            self.links.append(found.get("href", ""))
        elif self.is_in_form and tag == "input" and (found.get("type") != "checkbox" or "checked" in found):
            self.forms[-1].fields[found.get("name", "")] = found.get("value", "")
        elif self.is_in_form and tag == "button" and "disabled" not in found:
            self.forms[-1].buttons.append((found.get("name", ""), found.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self.is_in_form = self.is_in_form and tag != "form"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that the person sees."""

    url: str
    status: int
    text: str
    policy: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.text)
        return reader

    @property
    def is_refusal(self) -> bool:
        """Whether a script recognises it as the page that refuses an authorization request."""
        return self.status == 400 and 'id="authorization-refused"' in self.text

    def lets_forms_go_to(self, url: str) -> bool:
        """Whether the page's policy allows a form, or a redirect after it, to lead to a URL (CSP 3, section 6.3.1)."""
        directives = dict(part.strip().partition(" ")[::2] for part in self.policy.split(";"))
        allowed = directives.get("form-action", "").split()
        return url.startswith(OP) or "{0.scheme}://{0.netloc}".format(urlsplit(url)) in allowed


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What reached the suite: a request of the browser to one of its URLs."""

    url: str
    method: str
    parameters: dict[str, str]


@dataclass
class Person:
    """A person with a password and one browser. ``seen`` are the paths of the pages that they have seen so far."""

    email: str
    password: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True, SERVER_NAME=urlsplit(OP).netloc))
    seen: list[str] = field(default_factory=list)

    def visit(self, url: str) -> Page | Arrival:
        """Open a URL, and do what the pages ask for, until the browser is at the suite or a page asks for nothing."""
        return self.go_on(self._request(url))

    def post_from_suite(self, url: str, fields: dict[str, str]) -> Page | Arrival:
        """Open a URL by a form of the suite's page: the browser sends no cookie of ours with it (SameSite=Lax)."""
        headers = {"Origin": SUITE}
        stranger = Client(enforce_csrf_checks=True, SERVER_NAME=urlsplit(OP).netloc)
        response = stranger.post(_path(url), urlencode(fields), content_type=FORM, secure=True, headers=headers)
        return self.go_on(self._follow(response, urljoin(OP, url), None))

    def go_on(self, place: Page | Arrival) -> Page | Arrival:
        for _ in range(MOST_STEPS):
            if isinstance(place, Arrival):
                return place
            following = self._act(place)
            if following is None:
                return place
            place = following
        raise AssertionError(f"the pages lead nowhere: {self.seen}")

    def _act(self, page: Page) -> Page | Arrival | None:
        forms = [form for form in page.read.forms if form.buttons]
        if forms:
            return self._press(page, forms[-1])
        by_password = [link for link in page.read.links if link.startswith(BY_PASSWORD)]
        return self._request(by_password[0]) if by_password and page.status == 200 else None

    def _press(self, page: Page, form: Form) -> Page | Arrival:
        typed = {"name": self.email, "password": self.password}
        fields = {name: typed.get(name, value) for name, value in form.fields.items()}
        fields |= {name: value for name, value in form.buttons[:1] if name}
        target = urljoin(page.url, form.action)
        assert form.method == "post"
        assert page.lets_forms_go_to(target), page.policy
        if not target.startswith(OP):
            return Arrival(url=target, method="POST", parameters=fields)
        response = self.client.post(
            _path(target), urlencode(fields), content_type=FORM, secure=True, headers={"Origin": OP}
        )
        return self._follow(response, target, page)

    def _request(self, url: str) -> Page | Arrival:
        url = urljoin(OP, url)
        return self._follow(self.client.get(_path(url), secure=True), url, None)

    def _follow(self, response: Any, url: str, form_of: Page | None) -> Page | Arrival:
        """Follow redirects, by GET. After a form, its page's policy counts for them too, until there is a page."""
        while target := response.headers.get("Location") or response.headers.get("Refresh", "").partition("url=")[2]:
            form_of = None if response.status_code == 200 else form_of
            url = urljoin(url, target)
            assert form_of is None or form_of.lets_forms_go_to(url), form_of.policy
            if not url.startswith(f"{OP}/"):
                parameters = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
                return Arrival(url=url.partition("?")[0], method="GET", parameters=parameters)
            response = self.client.get(_path(url), secure=True)
        page = Page(
            url=url,
            status=response.status_code,
            text=response.content.decode(),
            policy=response.headers.get("Content-Security-Policy", ""),
        )
        self.seen.append(page.path)
        return page


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
