"""People of the sandbox who sign in at Vestibule through its real pages, each in a browser of their own."""

import html
import re
from typing import Any
from uuid import UUID

import httpx

from vestibule_testing.errors import PreparationFailed

SECONDS = 30.0
ME = "/api/v1/me"


class Person:
    """A person who is signed in. ``browser`` has their cookies, and sends the CSRF token with each request."""

    def __init__(self, site: str, sandbox: str, persona: str, provider: str) -> None:
        self.persona, self.provider = persona, provider
        self._site, self._sandbox = site, sandbox
        self.browser = httpx.Client(
            base_url=site, follow_redirects=True, timeout=SECONDS, event_hooks={"request": [self._with_csrf_token]}
        )
        self.sign_in()

    def __repr__(self) -> str:
        return f"<Person {self.persona} at {self.provider}>"

    def sign_in(self) -> None:
        """Sign in, in a browser without cookies. Raises PreparationFailed with the text of the page that refuses."""
        self.browser.cookies.clear()
        self.browser.get("/accounts/login/")
        picker = self.browser.post(f"/accounts/{self.provider}/login/")
        choice = {"request": picker.url.query.decode(), "persona": self.persona}
        page = self.browser.post(f"{self._sandbox}/{self.provider}/choose", data=choice)
        me = self.browser.get(ME)
        if me.status_code != httpx.codes.OK:
            raise PreparationFailed(f"{self!r} cannot sign in: {text_of(page)}")
        self.me: dict[str, Any] = me.json()

    @property
    def id(self) -> UUID:
        return UUID(self.me["id"])

    @property
    def name(self) -> str:
        return str(self.me["name"])

    @property
    def email(self) -> str | None:
        """The contact address, which need not be verified."""
        found: str | None = self.me["email"]
        return found

    @property
    def tenant_id(self) -> UUID | None:
        """The tenant in which the session began."""
        return UUID(self.me["tenant_id"]) if self.me["tenant_id"] else None

    def _with_csrf_token(self, request: httpx.Request) -> None:
        if str(request.url).startswith(f"{self._site}/"):
            request.headers["X-CSRFToken"] = self.browser.cookies.get("csrftoken") or ""


def text_of(page: httpx.Response) -> str:
    """Return what a page says, for the message of an exception."""
    main = re.search(r"<main.*?</main>", page.text, re.DOTALL)
    words = html.unescape(re.sub(r"<[^>]+>", " ", main[0] if main else page.text))
    return f"status {page.status_code}: {' '.join(words.split())[:1000]}"
