"""The client in the cases of the OpenID Foundation's conformance suite: each test is named after a module of it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import Identity, User
from audit.models import Entry
from providers.models import UpstreamTokens
from providers.tokens import claims_of
from providers.vault import get_token
from sandbox.algorithms import OTHER_ALGORITHMS
from sandbox.drafts import Draft
from sandbox.personas import Persona
from sandbox.providers import OPENID_PROVIDERS, Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, refusals
from tests.support.memory import forget_providers

pytestmark = pytest.mark.django_db

SPEAKING_OIDC = [str(provider) for provider in OPENID_PROVIDERS]
Set = Callable[..., None]


@pytest.fixture
def set_up(settings: Any, providers: Sandbox) -> Set:
    """Change the settings of a provider, as an operator does who restarts the product."""

    def change(provider: str, **told: object) -> None:
        changed = settings.SIGN_IN_PROVIDERS[provider] | told
        settings.SIGN_IN_PROVIDERS = settings.SIGN_IN_PROVIDERS | {provider: changed}
        forget_providers()

    return change


def details() -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action="sign_in.refused").order_by("id")]


def renewed(providers: Sandbox, provider: str, fault: str | None) -> tuple[UpstreamTokens, UpstreamTokens]:
    """Return the row before and after a refresh shortly before the token expires."""
    before = UpstreamTokens.objects.get()
    given_at, ends_at = before.given_at, before.expires_at
    assert ends_at
    UpstreamTokens.objects.update(given_at=given_at - (ends_at - given_at), expires_at=given_at)
    UpstreamTokens.objects.update(expires_at=ends_at - (ends_at - given_at) * 0.99)
    providers.set_fault(provider, fault)
    get_token(User.objects.get(), provider)
    return before, UpstreamTokens.objects.get()


@pytest.mark.parametrize("module", ["iss", "sub"])
def test_oidcc_client_test_refresh_token_invalid_issuer_and_invalid_sub(
    browser: Browser, providers: Sandbox, module: str
) -> None:
    """The kind of fault: a token is verified at sign-in, but not after a refresh (Core, section 12.2)."""
    browser.sign_in("keycloak", "ada")

    before, after = renewed(providers, "keycloak", f"refresh_{module}")

    assert (after.access, after.refresh, after.id_token, after.version) == (
        before.access, before.refresh, before.id_token, before.version,
    )  # fmt: skip
    assert Entry.objects.filter(action="upstream_tokens.refresh_failed").count() == 1


@pytest.mark.parametrize("fault", [None, "refresh_no_nonce"])
def test_oidcc_client_test_refresh_token(browser: Browser, providers: Sandbox, fault: str | None) -> None:
    browser.sign_in("keycloak", "ada")

    before, after = renewed(providers, "keycloak", fault)

    assert (after.version, after.health) == (before.version + 1, "well")
    assert after.access != before.access


@pytest.mark.promise(3, 12)
@pytest.mark.parametrize("provider", ["google", "keycloak"])
def test_oidcc_client_test_discovery_issuer_that_ends_in_a_slash(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, set_up: Set, provider: str
) -> None:
    """The kind of fault: a value is normalized before it is compared (Discovery 4.1 and 4.3, Core 2)."""
    issuer = providers.world.issuer(Provider(provider)) + "/"
    set_up(provider, issuer=issuer)
    providers.set_fault(provider, "discovery_issuer_slash")

    browser.sign_in(provider, "ada")

    assert browser.account
    assert Identity.objects.get().issuer == issuer
    providers.clear_faults()
    forget_providers()
    assert new_browser().start(provider).status_code == 424
    assert details()[-1]["detail"].endswith("configured and published issuer differ by a slash at the end")


@pytest.mark.parametrize("provider", SPEAKING_OIDC)
def test_oidcc_client_test_kid_absent_single_jwks(browser: Browser, providers: Sandbox, provider: str) -> None:
    """The kind of fault: a kid is required although it is optional with a single key (Core 10.1)."""
    providers.rotate_keys(provider, withdraw=True)
    providers.set_fault(provider, "kid_missing")

    browser.sign_in(provider, "ada")

    assert browser.account


@pytest.mark.parametrize("provider", SPEAKING_OIDC)
def test_oidcc_client_test_kid_absent_multiple_jwks(browser: Browser, providers: Sandbox, provider: str) -> None:
    providers.rotate_keys(provider, withdraw=True)
    providers.set_fault(provider, "kid_missing_several_keys")

    browser.sign_in(provider, "ada")

    assert browser.account is None
    assert details()[-1]["detail"] == "2 keys fit RS256; the token names no key"


@pytest.mark.parametrize(("several", "status"), [(False, 200), (True, 400)])
def test_a_logout_token_without_kid_is_treated_alike(
    browser: Browser, providers: Sandbox, *, several: bool, status: int
) -> None:
    providers.rotate_keys("keycloak", withdraw=True)
    if several:
        providers.rotate_keys("keycloak")
    forget_providers()
    browser.sign_in("keycloak", "ada")
    claims = claims_of(providers.logout_token(providers.sessions("keycloak")[0].sid))
    token = Draft(providers.world.scene(Provider.KEYCLOAK), claims, {"typ": "logout+jwt", "kid": None}).signed()

    answer = Browser(providers).post("/accounts/keycloak/backchannel-logout/", {"logout_token": str(token)})

    assert answer.status_code == status
    assert (browser.account is not None) is several


@pytest.mark.promise(1)
@pytest.mark.parametrize("algorithm", OTHER_ALGORITHMS)
@pytest.mark.parametrize("provider", SPEAKING_OIDC)
def test_oidcc_client_test_signing_alg_is_the_one_that_is_agreed(
    browser: Browser, providers: Sandbox, set_up: Set, provider: str, algorithm: str
) -> None:
    """The kind of fault: any algorithm of a token's header is accepted if a key fits (Core 3.1.3.7, RFC 8725 3.1)."""
    fault = f"alg_other_{algorithm.lower()}"
    providers.set_fault(provider, fault)
    assert browser.sign_in(provider, "ada").status_code == 403
    said = details()[-1]
    assert said["reason"] == "algorithm_refused"
    assert f"{provider.upper()}_SIGNING_ALGORITHMS has RS256" in said["detail"]
    assert f"signed by {algorithm}" in said["detail"]

    set_up(provider, signing_algorithms=["RS256", algorithm])
    browser.sign_in(provider, "ada")
    assert browser.account

    providers.clear_faults()
    forget_providers()
    Browser(providers).sign_in(provider, "ada")
    assert refusals() == ["algorithm_refused"]


def test_oidcc_client_test_rp_backchannel_rpinitlogout_wrong_alg(
    browser: Browser, providers: Sandbox, set_up: Set
) -> None:
    """The kind of fault: only some tokens of an issuer must use the agreed algorithm."""
    browser.sign_in("keycloak", "ada")
    providers.set_fault("keycloak", "logout_other_alg")
    forget_providers()
    token = providers.logout_token(providers.sessions("keycloak")[0].sid)

    def told() -> int:
        answer = Browser(providers).post("/accounts/keycloak/backchannel-logout/", {"logout_token": token})
        return int(answer.status_code)

    assert told() == 400
    assert browser.account
    (entry,) = Entry.objects.filter(action="sign_out.refused")
    assert entry.details
    assert "KEYCLOAK_SIGNING_ALGORITHMS has RS256" in entry.details["detail"]
    set_up("keycloak", signing_algorithms=["ES256"])
    assert told() == 200
    assert browser.account is None


@pytest.mark.parametrize("provider", SPEAKING_OIDC)
@pytest.mark.parametrize("way", ["missing", "basic", "post"])
def test_oidcc_client_test_client_secret_basic_is_meant_where_nothing_is_listed(
    browser: Browser, providers: Sandbox, set_up: Set, provider: str, way: str
) -> None:
    """The kind of fault: a missing value has a default in the standard that differs from ours (Discovery 3)."""
    providers.set_fault(provider, f"discovery_auth_{way}")

    browser.sign_in(provider, "ada")

    assert browser.account


@pytest.mark.parametrize("provider", SPEAKING_OIDC)
def test_an_unknown_method_of_client_authentication_is_named(
    browser: Browser, providers: Sandbox, provider: str
) -> None:
    providers.set_fault(provider, "discovery_auth_neither")

    page = browser.start(provider)

    assert page.status_code == 424
    assert b"is set up wrongly" in page.content
    assert details()[-1]["detail"] == (
        "token_endpoint_auth_methods_supported has neither client_secret_basic nor client_secret_post"
    )


@pytest.mark.promise(9)
@pytest.mark.parametrize("provider", SPEAKING_OIDC)
def test_oidcc_client_test_userinfo_is_asked_once_for_what_the_id_token_lacks(
    browser: Browser, providers: Sandbox, provider: str
) -> None:
    """The kind of fault: a claim that was requested by scope is read in one of its two possible places (Core 5.4)."""
    providers.set_fault(provider, f"id_token_thin{'_unvouched' if provider == 'microsoft' else ''}")

    browser.sign_in(provider, "ada")

    ada = User.objects.get()
    assert (ada.name, ada.email, ada.email_verified) == ("Ada Lovelace", "ada@example.com", provider != "microsoft")
    assert Identity.objects.get().claims["email"] == "ada@example.com"
    assert providers.counts(provider)["userinfo"] == 1


@pytest.mark.promise(9)
@pytest.mark.parametrize("provider", SPEAKING_OIDC)
@pytest.mark.parametrize("fault", ["userinfo_sub_other", "userinfo_sub_missing"])
def test_oidcc_client_test_userinfo_invalid_sub(
    browser: Browser, providers: Sandbox, provider: str, fault: str
) -> None:
    providers.set_fault(provider, fault)

    browser.sign_in(provider, "ada")

    assert browser.account is None
    assert refusals() == ["userinfo_of_another"]
    assert User.objects.count() == 0


@pytest.mark.promise(9)
def test_oidcc_client_test_userinfo_signed(browser: Browser, providers: Sandbox) -> None:
    providers.set_fault("google", "userinfo_signed")
    browser.sign_in("google", "ada")
    assert User.objects.get().email == "ada@example.com"

    providers.set_fault("google", "userinfo_signed_forged")
    Browser(providers).sign_in("google", "ada")
    assert refusals() == ["signature_wrong"]


@pytest.mark.promise(52)
@pytest.mark.parametrize("ill", ["500", "403", "list", "reset"])
def test_claims_are_not_lost_while_userinfo_is_unavailable(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, ill: str
) -> None:
    """The kind of fault: no answer is treated as an empty answer."""
    providers.set_fault("keycloak", "id_token_thin")
    browser.sign_in("keycloak", "ada")
    before = Identity.objects.get()
    providers.set_fault("keycloak", f"userinfo_needed_{ill}")

    again = new_browser()
    again.sign_in("keycloak", "ada")

    assert again.account == browser.account
    after = Identity.objects.get()
    assert (after.name, after.email, after.email_verified) == (before.name, before.email, True)
    assert after.claims["email"] == "ada@example.com"


def test_an_address_from_userinfo_is_not_verified_by_the_id_token(browser: Browser, providers: Sandbox) -> None:
    """The kind of fault: a claim about a value is in another document than the value."""
    without = {Provider.GOOGLE: ("email",)}
    providers.add_persona(Persona("eve", "Eve", "Eve Adams", "eve@example.com", claims={}, without=without))

    browser.sign_in("google", "eve")

    assert User.objects.get().email_verified is False


def test_oidcc_client_test_response_type_is_in_every_authorization_request(browser: Browser, provider: str) -> None:
    """The kind of fault: a required parameter is missing, which one provider tolerates (RFC 6749 4.1.1)."""
    sent = parse_qs(urlsplit(browser.start(provider).headers["Location"]).query)

    assert sent["response_type"] == ["code"]


ANSWERED = ["500", "html", "list", "empty", "truncated", "huge", "400", "401", "403", "429", "400_html", "redirect"]


@pytest.mark.parametrize("ill", ANSWERED)
def test_no_page_says_that_a_provider_does_not_answer_when_it_did(
    browser: Browser, providers: Sandbox, provider: str, ill: str
) -> None:
    """The kind of fault: every failure is reported as the most obvious one."""
    providers.set_fault(provider, f"token_{ill}")

    page = browser.get(browser.callback_url(provider, "ada"))

    assert page.status_code == 424
    assert b"not answering" not in page.content
    assert b"no answer" not in page.content


@pytest.mark.parametrize("ill", ["500", "list", "redirect", "issuer_other", "no_jwks"])
def test_no_page_reports_a_published_document_as_silence(browser: Browser, providers: Sandbox, ill: str) -> None:
    providers.set_fault("keycloak", f"discovery_{ill}")

    page = browser.start("keycloak")

    assert page.status_code == 424
    assert b"not answering" not in page.content
    sign_in_page = Browser(providers).get("/accounts/login/").content
    assert b"did not answer" not in sign_in_page


@pytest.mark.parametrize("ill", ["reset", "hang"])
def test_silence_is_reported_as_silence(
    browser: Browser, providers: Sandbox, monkeypatch: pytest.MonkeyPatch, ill: str
) -> None:
    monkeypatch.setattr("providers.upstream.DEADLINE", 0.3)
    providers.set_fault("keycloak", f"token_{ill}")

    page = browser.get(browser.callback_url("keycloak", "ada"))

    assert b"Keycloak is not answering" in page.content
