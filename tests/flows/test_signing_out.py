"""Signing out, and at the provider too: offered if the provider supports it, done if the person chooses it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from accounts.models import Session
from accounts.sessions import UpstreamSession
from providers import registry
from providers.models import UpstreamTokens
from providers.tokens import claims_of
from providers.vault import storage
from sandbox.providers import Provider
from sandbox.server import Sandbox
from sandbox.visitor import Visitor
from tests.flows.conftest import Browser
from tests.flows.ticks import boxes_on
from tests.support.memory import forget_providers
from tests.support.page_messages import messages_of
from tests.support.proven import proven

pytestmark = pytest.mark.django_db

LOGOUT = "/accounts/logout/"
THERE_TOO = f"{LOGOUT}?there_too=on"
HAS_IT = {"keycloak": "Keycloak", "microsoft": "Microsoft"}
NOTICES = {
    "signed_out": b"You are signed out.",
    "there": b"You are signed out, at Keycloak too.",
    "still": b"You are signed out here, but not at Keycloak: we cannot reach its sign-out page right now.",
}


def sent(response: Any) -> tuple[str, dict[str, str]]:
    """The path and the parameters of a redirect."""
    assert response.status_code == 302
    url, _, query = response.headers["Location"].partition("?")
    return url, {name: values[0] for name, values in parse_qs(query, strict_parsing=bool(query)).items()}


def there_too(browser: Browser) -> Any:
    return browser.post(THERE_TOO)


def page_says(browser: Browser, response: Any) -> list[str]:
    """The messages on the page to which a response redirects."""
    content = browser.get(response.headers["Location"]).content
    return [name for name, text in NOTICES.items() if text in content]


def ways(page: Any) -> list[str]:
    """Return the URLs that toggle the checkboxes of a page."""
    return [f"{path}?{urlencode(fields)}" for path, fields in boxes_on(page)]


@pytest.mark.promise(36)
def test_it_is_offered_if_the_sessions_provider_supports_it(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    page = browser.get(LOGOUT)

    assert (THERE_TOO in ways(page)) is (provider in HAS_IT)
    assert provider not in HAS_IT or f"Also sign out at {HAS_IT[provider]}".encode() in page.content
    assert f'action="{LOGOUT}"'.encode() in page.content
    chosen = browser.get(THERE_TOO)
    assert f'method="post" action="{THERE_TOO if provider in HAS_IT else LOGOUT}"'.encode() in chosen.content
    assert THERE_TOO not in ways(chosen)


@pytest.mark.parametrize("name", HAS_IT)
@pytest.mark.promise(36)
def test_the_page_says_what_happens_to_the_upstream_session(browser: Browser, name: str) -> None:
    """The kind of fault: a page promises something other than what is done."""
    browser.sign_in(name, "ada")
    stays, goes = f"You stay signed in at {HAS_IT[name]}", f"You then go to {HAS_IT[name]} and are signed out there too"

    for page, said, unsaid in ((LOGOUT, stays, goes), (THERE_TOO, goes, stays)):
        content = browser.get(page).content.decode()
        assert said in content
        assert unsaid not in content


@pytest.mark.promise(36)
def test_only_the_requested_page_may_redirect_people_there(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    browser.sign_in("keycloak", "ada")
    by_google = new_browser()
    by_google.sign_in("google", "grace")

    def may_lead_there(response: Any) -> bool:
        return f"form-action 'self' {providers.base_url};" in response.headers["Content-Security-Policy"] + ";"

    assert may_lead_there(browser.get(THERE_TOO))
    assert not may_lead_there(browser.get(LOGOUT))
    assert not may_lead_there(by_google.get(THERE_TOO))


@pytest.mark.promise(36)
def test_a_plain_sign_out_does_not_call_the_provider(browser: Browser, providers: Sandbox, provider: str) -> None:
    browser.sign_in(provider, "ada")
    providers.forget_requests()
    response = browser.post(LOGOUT)

    assert (sent(response)[0], page_says(browser, response)) == ("/accounts/login/", ["signed_out"])
    assert not {"logout", "revoke"} & providers.counts(provider).keys()
    assert len(providers.sessions(provider)) == 1


@pytest.mark.parametrize("name", HAS_IT)
@pytest.mark.promise(36)
def test_a_person_who_chooses_it_is_signed_out_here_and_redirected_there(
    browser: Browser, providers: Sandbox, name: str
) -> None:
    browser.sign_in(name, "ada")
    id_token = storage.id_token(*_whose(), issuer=providers.world.issuer(Provider(name)))
    response = there_too(browser)
    url, told = sent(response)

    assert browser.account is None
    assert not Session.objects.filter(user__isnull=False).exists()
    assert url.startswith(providers.base_url)
    assert url.endswith("/logout")
    back = f"http://127.0.0.1:8000/accounts/{name}/logout/callback/"
    state = told.pop("state")
    assert len(state) == 43
    client_id = providers.world.client(Provider(name)).client_id
    assert told == {"id_token_hint": id_token, "client_id": client_id, "post_logout_redirect_uri": back}
    cookie = response.cookies["sign_out"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 600)

    visitor = Visitor()
    came_back = visitor.open(response.headers["Location"])
    assert (came_back.status, came_back.location) == (302, f"{back}?state={state}")
    answer = browser.get(urlsplit(came_back.location).path + f"?state={state}")
    assert sent(answer) == ("/accounts/login/", {})
    assert messages_of(answer) == [f"You are signed out, at {HAS_IT[name]} too."]
    assert answer.cookies["sign_out"].value == ""
    if name == "keycloak":
        assert page_says(browser, answer) == ["there"]
        assert providers.sessions(name) == []


def _whose() -> tuple[Any, UpstreamSession]:
    tokens = UpstreamTokens.objects.select_related("identity__user").get()
    upstream = UpstreamSession(provider=tokens.provider, identity=tokens.identity_id, sid=tokens.sid)
    return tokens.identity.user, upstream


@pytest.mark.parametrize("state", ["", "?state=", "?state=another", "?state=%FF%00", "?state=a&state=b", "?error=x"])
@pytest.mark.promise(36)
def test_a_browser_that_was_not_sent_there_gets_no_confirmation(browser: Browser, state: str) -> None:
    browser.sign_in("keycloak", "ada")
    there_too(browser)
    path = "/accounts/keycloak/logout/callback/"

    assert sent(browser.get(path + state)) == ("/accounts/login/", {})
    assert Browser(browser.providers).get(path + state).headers["Location"] == "/accounts/login/"
    assert browser.get("/accounts/nobody/logout/callback/").status_code == 404
    assert browser.post(path).status_code in {403, 405}


@pytest.mark.promise(36)
def test_a_response_of_one_provider_does_not_count_for_another(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    state = sent(there_too(browser))[1]["state"]

    assert sent(browser.get(f"/accounts/microsoft/logout/callback/?state={state}")) == ("/accounts/login/", {})


@pytest.mark.promise(36)
def test_each_device_has_its_own_id_token_for_a_hint(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    """The kind of fault: another device's token. Keycloak would end that session; without a hint it asks the person."""
    elsewhere = new_browser()
    browser.sign_in("keycloak", "ada")
    elsewhere.sign_in("keycloak", "ada")
    sids = list(
        Session.objects.filter(user__isnull=False).order_by("created_at").values_list("upstream_sid", flat=True)
    )

    hints = [sent(there_too(browser))[1]["id_token_hint"]]
    assert elsewhere.account
    hints.append(sent(there_too(elsewhere))[1]["id_token_hint"])
    assert [claims_of(hint)["sid"] for hint in hints] == sids


@pytest.mark.promise(36)
def test_an_id_token_that_is_too_long_for_a_url_is_not_a_hint(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in("keycloak", "ada")
    monkeypatch.setattr("providers.views.sign_out.LONGEST_HINT", 100)

    assert "id_token_hint" not in sent(there_too(browser))[1]


@pytest.mark.promise(36)
def test_without_stored_tokens_or_their_key_there_is_no_hint(browser: Browser, settings: Any) -> None:
    browser.sign_in("keycloak", "ada")
    UpstreamTokens.objects.update(id_token="2.lost." + "A" * 40)
    assert "id_token_hint" not in sent(there_too(browser))[1]

    browser.sign_in("keycloak", "ada")
    UpstreamTokens.objects.all().delete()
    assert "id_token_hint" not in sent(there_too(browser))[1]


@pytest.mark.parametrize("fault", ["discovery_hang", "discovery_500", "discovery_issuer_other"])
@pytest.mark.promise(36)
def test_an_unavailable_provider_keeps_nobody_signed_in(browser: Browser, providers: Sandbox, fault: str) -> None:
    browser.sign_in("keycloak", "ada")
    providers.set_fault("keycloak", fault)
    forget_providers()  # as in a new process with an empty cache
    response = there_too(browser)

    assert sent(response) == ("/accounts/login/", {})
    assert "You are signed out here, but not at Keycloak" in messages_of(response)[0]
    assert page_says(browser, response) == ["still"]
    assert browser.account is None
    providers.clear_faults()


@pytest.mark.promise(36)
def test_the_end_session_endpoint_is_known_from_another_process(browser: Browser, providers: Sandbox) -> None:
    browser.sign_in("keycloak", "ada")
    registry_of_a_new_process()
    providers.set_fault("keycloak", "discovery_500")

    assert sent(there_too(browser))[0].startswith(providers.base_url)


def registry_of_a_new_process() -> None:
    for provider in registry.of_environment().values():
        provider.upstream.close()
    registry.of_environment.cache_clear()


@pytest.mark.promise(36)
def test_people_with_a_password_or_without_a_session_are_redirected_nowhere(
    browser: Browser, django_user_model: Any, turn_off: Callable[[str], None]
) -> None:
    local = proven(django_user_model.objects.create_superuser(username="root"))
    assert b"there_too" not in local.get(LOGOUT).content
    assert local.post(THERE_TOO).headers["Location"] == "/accounts/login/"
    assert there_too(browser).headers["Location"] == "/accounts/login/"

    browser.sign_in("keycloak", "ada")
    turn_off("keycloak")
    assert there_too(browser).headers["Location"] == "/accounts/login/"
    assert browser.account is None
