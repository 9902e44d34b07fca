"""A response counts only in the browser and at the time of its request; two tabs and the back button still work."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Session, User
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another, refusals

pytestmark = pytest.mark.django_db


def spent(providers: Sandbox) -> list[str]:
    names = ("google", "microsoft", "github", "keycloak")
    return [entry.code_from for name in names for entry in providers.entries(name) if entry.code_from]


@pytest.mark.promise(16)
def test_another_browser_cannot_complete_it(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, provider: str
) -> None:
    """Login CSRF: the attacker's response, opened in the victim's browser, signs nobody in."""
    callback = browser.callback_url(provider, "mallory")
    victim = new_browser()

    assert victim.get(callback).status_code == 400
    assert victim.account is None
    assert spent(providers) == []
    assert refusals() == ["state_unknown"]


@pytest.mark.promise(16, 17)
def test_a_response_for_one_provider_does_not_count_for_another(
    browser: Browser, providers: Sandbox, provider: str
) -> None:
    callback = browser.callback_url(provider, "ada")
    other = another(provider)
    response = browser.get(callback.replace(f"/accounts/{provider}/", f"/accounts/{other}/"))

    assert response.status_code == 400
    assert spent(providers) == []
    assert refusals() == ["state_of_another_provider"]


@pytest.mark.promise(16)
def test_a_response_after_ten_minutes_is_too_late(
    browser: Browser, providers: Sandbox, provider: str, time_machine: Any
) -> None:
    callback = browser.callback_url(provider, "ada")
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=10, seconds=5))

    assert browser.client.get(callback).status_code == 400
    assert spent(providers) == []
    assert refusals()[0] in {"state_expired", "state_unknown"}  # the browser may have dropped it first


@pytest.mark.promise(16)
def test_an_answer_counts_once(browser: Browser, providers: Sandbox, provider: str) -> None:
    callback = browser.callback_url(provider, "ada")
    kept = {name: morsel.value for name, morsel in browser.client.cookies.items()}
    browser.get(callback)
    replay = Client()
    replay.cookies.load(kept)

    assert replay.get(callback).status_code == 400
    assert spent(providers) == [provider]
    assert refusals() == ["state_used"]


@pytest.mark.promise(16)
def test_an_answer_without_its_state_is_refused(browser: Browser, providers: Sandbox, provider: str) -> None:
    path, _, query = browser.callback_url(provider, "ada").partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith("state="))

    assert browser.get(f"{path}?{rest}").status_code == 400
    assert spent(providers) == []
    assert refusals() == ["state_missing"]


@pytest.mark.promise(14)
def test_the_callback_is_the_registered_one_whatever_the_headers_say(browser: Browser, provider: str) -> None:
    headers = {"host": "localhost", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
    led: Any = browser.client.post(f"/accounts/{provider}/login/", headers=headers)
    assert led.headers["Location"] == f"http://127.0.0.1:8000/accounts/{provider}/login/?here=on"
    started: Any = browser.client.post(f"/accounts/{provider}/login/?here=on", headers=headers)

    assert f"redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Faccounts%2F{provider}" in started.headers["Location"]


@pytest.mark.promise(22)
def test_two_tabs_both_finish(browser: Browser, provider: str) -> None:
    one, other = browser.callback_url(provider, "ada"), browser.callback_url(another(provider), "grace")

    assert browser.get(one).status_code == 302
    first = browser.account
    assert browser.get(other).status_code == 302
    assert browser.account != first
    assert User.objects.count() == 2


@pytest.mark.promise(22)
def test_going_back_to_the_callback_redirects_to_the_destination(
    browser: Browser, providers: Sandbox, provider: str
) -> None:
    callback = browser.callback_url(provider, "ada", next="/accounts/sessions/")
    browser.get(callback)
    account = browser.account
    again = browser.get(callback)

    assert (again.status_code, again.headers["Location"]) == (302, "/accounts/sessions/")
    assert browser.account == account
    assert spent(providers) == [provider]
    assert refusals() == []


@pytest.mark.promise(34)
def test_a_sign_in_over_another_person_keeps_nothing_of_them(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    before = browser.client.cookies["sessionid"].value
    ada = browser.account
    browser.sign_in(provider, "grace")

    assert browser.account not in {None, ada}
    assert browser.client.cookies["sessionid"].value != before
    assert [str(session.user_id) for session in Session.objects.all()] == [browser.account]
    old = Client()
    old.cookies["sessionid"] = before
    assert old.get("/api/v1/me").status_code == 401


@pytest.mark.promise(22)
def test_a_link_to_the_start_asks_first_and_starts_nothing(browser: Browser, providers: Sandbox, provider: str) -> None:
    response = browser.get(f"/accounts/{provider}/login/?next=/accounts/sessions/")

    assert response.status_code == 200
    assert not [name for name in response.cookies if name.startswith("flow_")]
    assert b'method="post"' in response.content
    assert providers.counts(provider)["authorize"] == 0


@pytest.mark.promise(22, 36)
@pytest.mark.parametrize("path", ["/accounts/{}/login/", "/accounts/logout/"])
def test_another_sites_form_does_nothing(browser: Browser, provider: str, path: str) -> None:
    browser.sign_in(provider, "ada")
    careful = Client(enforce_csrf_checks=True, raise_request_exception=False)
    careful.cookies = browser.client.cookies
    response = careful.post(path.format(provider), headers={"origin": "https://evil.example"})

    assert response.status_code == 403
    assert not [name for name in response.cookies if name.startswith("flow_") and response.cookies[name].value]
    assert browser.account is not None


@pytest.mark.promise(20)
@pytest.mark.parametrize(
    "disguise",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"],
)
def test_nobody_is_sent_away_after_signing_in(browser: Browser, provider: str, disguise: str) -> None:
    assert browser.sign_in(provider, "ada", next=disguise).headers["Location"] == "/accounts/"
    assert browser.get(f"/accounts/login/?next={disguise}").headers["Location"] == "/accounts/"
