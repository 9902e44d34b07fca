"""The userinfo endpoint, by the modules of the Foundation's plan and by what clients get wrong."""

from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import User
from authserver.models import TokenFormat
from tests.support.authorized import App
from tests.support.oauth import basic, registered, token_request

pytestmark = pytest.mark.django_db
USERINFO = "/oauth/userinfo"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)


def asked(tokens: Any, method: str = "get") -> Any:
    call = getattr(Browser(), method)
    return call(USERINFO, headers={"Authorization": f"Bearer {tokens['access_token']}"})


def test_oidcc_userinfo_get(ada: User) -> None:
    answer = asked(App.registered().tokens(ada))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.json()["sub"] == str(ada.pk)


def test_oidcc_userinfo_post_header(ada: User) -> None:
    tokens = App.registered().tokens(ada)
    assert asked(tokens, "post").json() == asked(tokens).json()
    by_form: Any = Browser().post(
        USERINFO, "a=1", content_type=FORM, headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert by_form.json() == asked(tokens).json()


@pytest.mark.promise(67)
def test_oidcc_userinfo_post_body(ada: User) -> None:
    tokens = App.registered().tokens(ada)
    answer: Any = Browser().post(USERINFO, f"access_token={tokens['access_token']}", content_type=FORM)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("form", [TokenFormat.JWT, TokenFormat.OPAQUE])
def test_the_subject_is_that_of_the_id_token(ada: User, form: TokenFormat) -> None:
    tokens = App.registered(token_format=form).tokens(ada)
    id_token = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert asked(tokens).json()["sub"] == id_token["sub"] == str(ada.pk)


def test_scopes_release_their_claims_and_no_others(ada: User) -> None:
    app = App.registered()
    assert asked(app.tokens(ada, scopes=["openid"])).json() == {"sub": str(ada.pk)}
    assert asked(app.tokens(ada, scopes=["openid", "email"])).json() == {
        "sub": str(ada.pk), "email": "ada@example.com", "email_verified": True,
    }  # fmt: skip
    profile = asked(app.tokens(ada, scopes=["openid", "profile"])).json()
    assert profile["name"] == "Ada"
    assert profile["role"] == "user"
    assert "email" not in profile


def test_what_is_said_is_true_now_and_not_when_the_token_was_issued(ada: User) -> None:
    tokens = App.registered().tokens(ada)
    User.objects.filter(pk=ada.pk).update(name="Ada Lovelace")
    assert asked(tokens).json()["name"] == "Ada Lovelace"


def test_without_the_scope_openid_the_answer_names_it(ada: User) -> None:
    answer = asked(App.registered().tokens(ada, scopes=["email"]))
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert 'scope="openid"' in answer.headers["WWW-Authenticate"]


def test_a_client_in_its_own_name_learns_nothing() -> None:
    client, secret = registered(scopes=["openid", "reports:read"])
    fields = {"grant_type": "client_credentials", "scope": "reports:read"}
    tokens: Any = token_request(Browser(), fields, basic(client.client_id, secret))
    answer = asked(tokens.json())
    assert answer.status_code == 403


def test_a_token_for_us_and_another_serves_here(ada: User) -> None:
    targets = [settings.PUBLIC_URL, "https://api.example"]
    app = App.registered(resources=["https://api.example"])
    tokens = app.redeem(app.authorized(ada, resources=targets)).json()
    assert asked(tokens).status_code == 200


def test_no_other_site_reads_the_answer_and_no_cookie_counts(ada: User) -> None:
    tokens = App.registered().tokens(ada)
    answer: Any = Browser().get(
        USERINFO, headers={"Authorization": f"Bearer {tokens['access_token']}", "Origin": "https://evil.example"}
    )
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert not answer.cookies
    before: Any = Browser().options(USERINFO, headers={"Origin": "https://evil.example"})
    assert before.status_code == 405


@pytest.mark.parametrize("method", ["head", "put", "delete", "patch", "options"])
def test_other_methods_are_refused_in_json(ada: User, method: str) -> None:
    answer = asked(App.registered().tokens(ada), method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"
    assert method == "head" or answer.json()["error"] == "invalid_request"
