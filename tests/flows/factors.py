"""Shared by the stories of second factors: the pages, adding an app, and people with a second factor at a provider."""

from typing import Any
from urllib.parse import urlencode

from audit.models import Entry
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.proofs import let_be_proven
from tests.support.authenticator import code, recovery_codes_on, secret_on

PROVE = "/accounts/second-factor/verify/"
BEGIN_AGAIN = "/accounts/login/"  # the redirect without a pending sign-in
NEEDED = "/accounts/second-factor/required/"
APP = "/accounts/second-factor/authenticator/"
LIST = "/accounts/second-factor/"
PICTURE = "/accounts/second-factor/authenticator/qr-code.svg"
CODES = "/accounts/second-factor/recovery-codes/"
PASSKEY = "/accounts/second-factor/passkey/"


def on_the_way(page: str, next_url: str = "/admin/") -> str:
    """Such a page on the way to another one."""
    return f"{page}?{urlencode({'next': next_url})}"


def add_app(browser: Browser) -> tuple[str, list[str]]:
    """Add an app as a person does, and return its secret and the new recovery codes."""
    if browser.get(APP).status_code == 302:  # the provider reports no auth_time, which does not matter here
        let_be_proven(browser)
    secret = secret_on(browser.get(APP).content)
    codes = recovery_codes_on(browser.post(APP, {"code": code(secret)}).content)
    assert codes
    return secret, codes


def details(action: str) -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action=action).order_by("id")]


def with_words(providers: Sandbox, provider: str, **claims: object) -> None:
    """Create a person for whom a provider reports how it authenticated them (acr, amr)."""
    providers.add_persona(
        Persona(key="vera", name="Vera", email="vera@example.com", claims={Provider(provider): claims})
    )
