"""A small browser for tests: open an authorization URL, pick a persona, return the callback URL."""

import http.client
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

SECONDS = 40


class PickRefused(Exception):
    """The sandbox showed an error page instead of the picker. The message is its text."""


@dataclass(frozen=True)
class Seen:
    """One response as a browser sees it, without following redirects."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Visitor:
    """Keeps cookies, so that a second visit continues the provider's session."""

    cookies: dict[str, str] = field(default_factory=dict)

    def pick(self, authorize_url: str, persona: str | None) -> str:
        """Pick a persona by key, or cancel with None. Return the URL of the redirect."""
        seen = self.open(authorize_url)
        if seen.location:
            return seen.location
        if seen.status != http.HTTPStatus.OK:
            raise PickRefused(seen.text)
        parts = urlsplit(authorize_url)
        provider = parts.path.split("/")[1]
        choice = {"persona": persona} if persona is not None else {"cancel": "1"}
        base = f"{parts.scheme}://{parts.netloc}"
        seen = self.open(f"{base}/{provider}/choose", form={"request": parts.query, **choice})
        if not seen.location:
            raise PickRefused(seen.text)
        return seen.location

    def open(self, url: str, form: dict[str, str] | None = None) -> Seen:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())}
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
        try:
            body = urlencode(form) if form is not None else None
            connection.request("GET" if form is None else "POST", target, body, headers)
            answer = connection.getresponse()
            self._keep(answer.headers.get_all("Set-Cookie") or [])
            text = answer.read().decode("utf-8", "replace")
            return Seen(answer.status, text, {n.lower(): v for n, v in answer.getheaders()})
        finally:
            connection.close()

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
