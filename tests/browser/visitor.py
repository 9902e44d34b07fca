"""A person at a real browser: what they see, click and type, and whatever the browser complains about meanwhile."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.proofs import let_be_proven

NAMES = {"google": "Google", "microsoft": "Microsoft", "github": "GitHub", "keycloak": "Keycloak"}

# By how many pixels a page is wider than its window: a question for ``Visitor.ask``
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# Options of a browser context: https://playwright.dev/python/docs/api/class-browser#browser-new-context
NewVisitor = Callable[..., "Visitor"]


@dataclass
class Visitor:
    """One browser of one person, at the product's address; ``providers`` is where it is sent to.

    ``complaints`` gathers what no page may cause: errors on the console (violations of the content security
    policy are among them), uncaught exceptions, requests that failed. That a page itself has the status of an
    error is no complaint: a refusal is a page too.
    """

    page: Page
    home: str
    providers: Sandbox
    complaints: list[str] = field(default_factory=list)
    _pages: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("requestfailed", self._miss)
        self.page.on("response", self._note)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.home}{path}")

    def press(self, name: str) -> None:
        """Click the one link, button or box with this name."""
        self.control(name).click()

    def confirm(self, name: str) -> None:
        """Click the button of the form that the page is about, not its namesake in the header."""
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def control(self, name: str) -> Locator:
        exact = re.compile(rf"^{re.escape(name)}$")
        button, link, box = (self.page.get_by_role(role, name=exact) for role in ("button", "link", "checkbox"))
        return button.or_(link).or_(box)

    def choose(self, persona: str) -> None:
        """Be somebody, on the provider's own page."""
        self.page.locator(f'button[name="persona"][value="{persona}"]').click()

    def start(self, provider: str) -> None:
        self.press(f"Continue with {NAMES[provider]}")
        expect(self.page.get_by_role("heading", name="Who is signing in?")).to_be_visible()

    def sign_in(self, provider: str, persona: str) -> None:
        self.go("/accounts/login/")
        self.start(provider)
        self.choose(persona)
        self.is_at("/accounts/")

    def comes_from(self, provider: str, persona: str) -> None:
        """Be signed in, with a fresh proof, for what comes after it: the way there was walked without a page."""
        here = Client(headers={"User-Agent": self.ask("() => navigator.userAgent")})
        browser = Browser(self.providers, here)
        browser.sign_in(provider, persona)
        let_be_proven(browser)
        self.goes_on_as(here)

    @property
    def key(self) -> str:
        """What opens this browser's session."""
        jar = self.page.context.cookies()
        return next(cookie["value"] for cookie in jar if cookie["name"] == settings.SESSION_COOKIE_NAME)

    def goes_on_as(self, client: Client) -> None:
        """Take over what somebody is signed in by."""
        name = settings.SESSION_COOKIE_NAME
        self.page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.home}])

    def connect(self, provider: str, persona: str) -> None:
        self.go("/accounts/connections/")
        self.start(provider)
        self.choose(persona)

    def cancel(self, provider: str) -> None:
        self.go("/accounts/login/")
        self.start(provider)
        self.press("Cancel")

    def is_at(self, path: str) -> None:
        expect(self.page).to_have_url(f"{self.home}{path}")

    def reads(self, heading: str) -> None:
        """See the page with this first-level heading."""
        expect(self.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()

    def ask(self, expression: str) -> Any:
        """Ask the browser itself, in its own language."""
        return self.page.evaluate(expression)

    def _hear(self, message: ConsoleMessage) -> None:
        is_the_page_itself = message.location["url"] in self._pages and "status of" in message.text
        if message.type == "error" and not is_the_page_itself:
            self.complaints.append(f"console: {message.text}")

    def _miss(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED":  # the visitor went on before it was there
            return
        self.complaints.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _note(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._pages.add(response.url)
