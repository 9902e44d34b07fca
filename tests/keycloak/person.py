"""A person with one browser, at the product and at Keycloak's own pages."""

import html
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.test import Client

from tests.keycloak.server import PASSWORD
from tests.support.authenticator import code

FORM = re.compile(r'id="kc-(form|otp)-login(?:-form)?"[^>]*action="([^"]+)"')
MOST_STEPS = 3


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        """Redirects are for the test to look at."""


def _jar() -> CookieJar:
    """Loopback is a secure origin to browsers: cookies that are marked so go there by plain HTTP."""
    return CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))


@dataclass
class Person:
    """``client`` is the browser at the product; its cookies at Keycloak are kept beside it."""

    username: str = "ada"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    jar: CookieJar = field(default_factory=_jar)
    app: str = ""  # the secret of their authenticator app
    asked: list[str] = field(default_factory=list)  # what Keycloak wanted to have typed the last time

    def sign_in(self, **parameters: str) -> Any:
        """Press the product's button, type the password if Keycloak asks for it, and return the product's answer."""
        return self.come_back(self.answer_of_keycloak(self.start(**parameters)))

    def start(self, **parameters: str) -> str:
        """Press the product's button and return where it leads."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        started = self.client.post(f"/accounts/keycloak/login/{query}")
        assert started.status_code == 302, (started.status_code, started.content)
        return started.headers["Location"]

    def answer_of_keycloak(self, url: str) -> str:
        """Do what Keycloak's pages ask for and return where it sends the browser."""
        self.asked = []
        status, location, page = self.open(url)
        while status == 200:
            form = FORM.search(page)
            assert form, page
            assert len(self.asked) < MOST_STEPS, page
            kind, action = form.groups()
            self.asked.append("password" if kind == "form" else "code")
            typed = {"otp": code(self.app)} if kind == "otp" else {"username": self.username, "password": PASSWORD}
            status, location, page = self.open(html.unescape(action), typed)
        assert status == 302, page
        return location

    def use_account_console(self, issuer: str) -> None:
        """Sign in to another application of Keycloak: its own account console."""
        asked = {
            "client_id": "account-console",
            "redirect_uri": f"{issuer}/account/",
            "response_type": "code",
            "scope": "openid",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # of RFC 7636, appendix B
            "code_challenge_method": "S256",
        }
        self.answer_of_keycloak(f"{issuer}/protocol/openid-connect/auth?{urlencode(asked)}")

    @property
    def was_asked(self) -> bool:
        return bool(self.asked)

    def come_back(self, url: str) -> Any:
        back = urlsplit(url)
        return self.client.get(f"{back.path}?{back.query}")

    def use_another_browser_at_keycloak(self) -> None:
        self.jar = _jar()

    def is_signed_in(self) -> bool:
        return self.client.get("/api/v1/me").status_code == 200

    def open(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, Location and text of a page at Keycloak."""
        opener = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor(self.jar))
        try:
            with opener.open(url, urlencode(form).encode() if form else None, timeout=60) as answer:
                return answer.status, answer.headers.get("Location", ""), answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers.get("Location", ""), refused.read().decode()
