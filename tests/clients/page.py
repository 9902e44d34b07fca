"""The BFF example, served by uvicorn in a thread, and its page in a browser without script."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from authserver.models import GrantType
from clients.examples.bff.main import BFF, create_app
from clients.examples.bff.openid import Registration
from config.embedded.programs import any_free_port
from tests.authserver.peers.person import Person
from tests.clients.backend import API, SECONDS, Backend, listening
from tests.support.oauth import registered

OWN = {"X-BFF": "1"}
SCOPES = ["openid", "profile", "offline_access", "members:read"]


@dataclass
class Page:
    """The app in one browser: it can do what its script does."""

    url: str
    bff: BFF
    person: Person
    seen: list[requests.Response] = field(default_factory=list)

    def who(self) -> dict[str, Any]:
        """Return what the page knows of the person, which is nothing if nobody is signed in."""
        return self.asks("/bff/me").json()["person"] or {}

    def signs_in(self, query: str = "") -> requests.Response:
        return self.person.goes_to(f"{self.url}/bff/sign-in{query}")

    def asks(self, path: str, method: str = "GET", headers: dict[str, str] = OWN, **more: Any) -> requests.Response:
        url, browser = f"{self.url}{path}", self.person.browser
        self.seen.append(browser.request(method, url, headers=headers, allow_redirects=False, timeout=SECONDS, **more))
        return self.seen[-1]

    @property
    def cookies(self) -> dict[str, str]:
        return {one.name: one.value or "" for one in self.person.browser.cookies if one.name.startswith("bff")}


@contextmanager
def running(issuer: str, backend: Backend) -> Iterator[tuple[str, BFF]]:
    """Register the BFF at Vestibule and serve it, with a back end as its API. Yield its URL, and the BFF itself."""
    port = any_free_port()
    url = f"http://127.0.0.1:{port}"
    client, secret = registered(
        name="Harbour",
        grants=[GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN],
        scopes=SCOPES,
        resources=[API],
        redirect_uris=[f"{url}/bff/callback"],
        post_logout_redirect_uris=[f"{url}/"],
        backchannel_logout_uri=f"{url}/bff/backchannel-logout",
    )
    own = Registration(
        issuer=issuer,
        client_id=client.client_id,
        client_secret=secret,
        redirect_uri=f"{url}/bff/callback",
        resource=API,
    )
    bff = BFF(own, url=url, api=f"{backend.url}/")
    with listening(create_app(bff), port):
        yield url, bff
