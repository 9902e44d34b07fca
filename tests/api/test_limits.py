"""The API counts its requests, says what is left, and slows down whoever guesses credentials."""

from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from tests.support.api import ask, bearer, key, session_of, token_of
from tests.support.authorized import App, later
from tests.support.services import READ, clerk, key_of_person
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
ME = "/api/v1/me"


@pytest.fixture(autouse=True)
def _nobody_is_exempt(settings: Any) -> None:
    settings.RATE_LIMITS_EXEMPT = []


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


@pytest.mark.parametrize("kind", ["session", "token", "key"])
def test_a_response_says_what_is_left_of_the_limits(ada: User, kind: str) -> None:
    if kind == "session":
        answer = ask(ME, browser=session_of(ada))
    else:
        answer = ask(ME, token_of(ada) if kind == "token" else key(key_of_person(ada, READ).text))

    assert answer.headers["RateLimit-Policy"].startswith('"api.credential";q=6000;w=60, "api.client";')
    assert answer.headers["RateLimit"].startswith('"api.credential";r=')


@pytest.mark.usefixtures("_three_a_minute")
def test_a_credential_that_asks_too_often_is_told_when_to_come_back(ada: User) -> None:
    header = key(key_of_person(ada, READ).text)
    statuses = [ask(ME, header).status_code for _ in range(5)]
    refused = ask(ME, header)

    assert statuses == [200, 200, 200, 429, 429]
    assert refused.json()["code"] == "too_many_requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert '"api.credential";r=0' in refused.headers["RateLimit"]
    assert Entry.objects.filter(action="rate_limit.exceeded").count() == 1
    assert ask(ME, key(key_of_person(ada, READ).text)).status_code == 200, "another key has a limit of its own"


@pytest.mark.usefixtures("_five_guesses")
@pytest.mark.parametrize(
    "guess", [bearer("vat_" + "a" * 43), bearer("a.b.c"), key("vak_nothing")], ids=["opaque", "jwt", "key"]
)
def test_whoever_guesses_is_slowed_down_and_then_refused_unread(ada: User, guess: dict[str, str]) -> None:
    right = key(key_of_person(ada, READ).text)
    statuses = [ask(ME, guess).status_code for _ in range(7)]
    refused = ask(ME, right)

    assert statuses == [401] * 5 + [429] * 2
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert ask(ME, {**right, "X-Forwarded-For": "198.51.100.7"}).status_code == 429, "nobody believes this header"


@pytest.mark.usefixtures("_five_guesses")
def test_expired_and_revoked_credentials_are_no_guesses(ada: User) -> None:
    app = App.registered(token_format="opaque")
    expired = bearer(app.tokens(ada)["access_token"])
    later(hours=1)
    statuses = {ask(ME, expired).status_code for _ in range(8)}

    assert statuses == {401}
    assert ask(ME, token_of(ada)).status_code == 200
