"""`acr_values`: a client asks for a second factor, and gets it or is told that there is none (RFC 9470)."""

import re
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from django.test import Client as Browser

from accounts.models import User
from tests.support.apps import CALLBACK, App, answer_in, app
from tests.support.authenticator import code, enrol_app
from tests.support.proven import proven

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


def acr_of(own: App, answer: str) -> str:
    """Redeem the code in the URL of an answer."""
    found = dict(parse_qsl(urlsplit(answer).query))
    tokens = own.redeem(found["code"]).json()  # type: ignore[attr-defined]
    claims = [jwt.decode(tokens[name], options={"verify_signature": False}) for name in ("id_token", "access_token")]
    assert claims[0]["acr"] == claims[1]["acr"]
    return str(claims[0]["acr"])


def test_a_person_rises_by_their_second_factor_and_returns_in_one_round(ada: User) -> None:
    secret, own = enrol_app(ada), app()
    browser = proven(ada)
    assert acr_of(own, own.authorize(browser).headers["Location"]) == "single"

    asked = own.authorize(browser, acr_values="mfa", max_age="600")
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    back = browser.post(asked.headers["Location"], {"code": code(secret)})
    page = browser.get(back.headers["Location"])

    answer = page.headers["Refresh"].partition("url=")[2]
    assert answer.startswith(CALLBACK)
    assert acr_of(own, answer) == "mfa"
    assert acr_of(own, own.authorize(browser, acr_values="mfa", prompt="none").headers["Location"]) == "mfa"


def test_a_person_without_a_second_factor_is_not_asked_in_vain(ada: User) -> None:
    for prompt in (None, "none"):
        answer = answer_in(app().authorize(proven(ada), acr_values="gold mfa", prompt=prompt))
        assert answer["error"] == "unmet_authentication_requirements"


def test_a_person_who_comes_back_without_the_factor_does_not_go_round_and_round(ada: User) -> None:
    enrol_app(ada)
    own, browser = app(), proven(ada)
    asked = own.authorize(browser, acr_values="mfa").headers["Location"]
    back = dict(parse_qsl(urlsplit(asked).query))["next"]

    page = browser.get(back)

    assert "error=unmet_authentication_requirements" in page.headers["Refresh"]


def test_without_a_page_the_factor_is_missing(ada: User) -> None:
    enrol_app(ada)

    assert answer_in(app().authorize(proven(ada), acr_values="mfa", prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("values", ["single", "mfa single", "gold", "", "MFA"])
def test_values_that_are_met_or_not_ours_ask_for_nothing(ada: User, values: str) -> None:
    enrol_app(ada)
    own = app()

    assert acr_of(own, own.authorize(proven(ada), acr_values=values).headers["Location"]) == "single"


def test_the_metadata_says_which_values_there_are() -> None:
    found = Browser().get("/.well-known/openid-configuration").json()

    assert found["acr_values_supported"] == ["mfa", "single"]


def test_a_visitor_signs_in_first() -> None:
    asked = app().authorize(Browser(), acr_values="mfa").headers["Location"]

    assert re.search(r"^/accounts/login/\?next=.*acr_values%3Dmfa", asked)
