"""The sandbox's app signs people in at the product, as a newcomer sees it: tokens, refresh, userinfo, sign-out."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from accounts.models import User
from authserver.clients.registration import Registration, register
from authserver.models import Consent, GrantType
from sandbox import app
from sandbox.server import Sandbox
from tenancy import site_context
from tests.sandbox.relying_party import Got, fetch
from tests.support.proven import proven

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    """A browser of the app's pages: it keeps their cookie."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.base, self.cookie = sandbox.base_url, ""

    def get(self, path: str) -> Got:
        return fetch(f"{self.base}{path}", headers={"Cookie": self.cookie})

    def press(self, button: str) -> Got:
        got = fetch(f"{self.base}/app/{button}", form={}, headers={"Cookie": self.cookie})
        if cookie := {name.lower(): value for name, value in got.headers.items()}.get("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        return got

    @property
    def text(self) -> str:
        return self.get("/app").body.decode()


@pytest.fixture
def site(live_server: Any, settings: Any, providers: Sandbox) -> Sandbox:
    """Let the product answer at a port of its own, and register the app as the demo does."""
    settings.PUBLIC_URL = providers.public_url = live_server.url
    with site_context("a test registers the sandbox's app"):
        register(
            Registration(
                name="Sandbox app",
                client_id=app.CLIENT_ID,
                is_public=True,
                grants=[GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN],
                scopes=app.SCOPE.split(),
                redirect_uris=[f"{providers.base_url}/app/callback"],
                post_logout_redirect_uris=[f"{providers.base_url}/app"],
            )
        )
    return providers


def location(got: Got) -> str:
    return {name.lower(): value for name, value in got.headers.items()}["location"]


def sign_in(reader: Reader, browser: Browser) -> None:
    """Press "Sign in" at the app, agree at the product, and come back."""
    authorize = urlsplit(location(reader.press("sign-in")))
    page: Any = browser.get(f"{authorize.path}?{authorize.query}")
    back = urlsplit(browser.post(page.context["action"]).headers["Location"])
    assert reader.get(f"{back.path}?{back.query}").status == 303


def test_a_person_signs_in_sees_tokens_refreshes_and_signs_out(site: Sandbox) -> None:
    ada = User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)
    reader, browser = Reader(site), proven(ada)

    assert "gets tokens back" in reader.text
    sign_in(reader, browser)
    assert "Signed in: Ada" in reader.text
    assert str(ada.pk) in reader.text
    before = reader.text
    reader.press("refresh")
    assert reader.text != before
    assert "Signed in: Ada" in reader.text
    reader.press("userinfo")
    assert "Not asked yet." not in reader.text
    leaving = urlsplit(location(reader.press("sign-out")))
    assert browser.get(f"{leaving.path}?{leaving.query}").status_code == 200
    assert "You are signed out of the app." in reader.text


def test_the_app_says_when_the_product_refuses(site: Sandbox) -> None:
    reader, browser = Reader(site), proven(User.objects.create_user(name="Ada"))
    sign_in(reader, browser)
    browser.post(f"/accounts/apps/{Consent.objects.get().pk}/withdraw/")

    reader.press("refresh")

    assert "The product answered invalid_grant." in reader.text


@pytest.mark.parametrize("path", ["/app/callback", "/app/callback?state=x&code=y"])
def test_an_answer_that_nobody_asked_for_is_refused(site: Sandbox, path: str) -> None:
    assert Reader(site).get(path).status == 400


def test_a_logout_token_of_others_signs_nobody_out(site: Sandbox) -> None:
    reader, browser = Reader(site), proven(User.objects.create_user(name="Ada"))
    sign_in(reader, browser)

    got = fetch(f"{site.base_url}/app/backchannel-logout", form={"logout_token": "a.b.c"})

    assert got.status == 400
    assert "Signed in: Ada" in reader.text
