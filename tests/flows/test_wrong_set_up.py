"""A misconfiguration is not an outage: a provider's registered error codes are reported, but not its own text."""

from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from providers import registry
from sandbox.server import Sandbox
from tests.flows.conftest import Browser

pytestmark = pytest.mark.django_db

NEEDS_YOU = b"needs something from you first"
SET_UP = b"is set up wrongly"
UNAVAILABLE = b"cannot sign anybody in right now"
PROBLEM = b"has a problem"


def refusal() -> dict[str, Any]:
    details: dict[str, Any] | None = Entry.objects.get(action="sign_in.refused").details
    assert details
    return details


@pytest.mark.promise(21)
@pytest.mark.parametrize(
    ("says", "words", "status"),
    [
        ("says_account_selection_required", NEEDS_YOU, 403),
        ("says_consent_required", NEEDS_YOU, 403),
        ("says_interaction_required", NEEDS_YOU, 403),
        ("says_login_required", NEEDS_YOU, 403),
        ("says_invalid_request", SET_UP, 424),
        ("says_invalid_scope", SET_UP, 424),
        ("says_unauthorized_client", SET_UP, 424),
        ("says_unsupported_response_type", SET_UP, 424),
        ("says_temporarily_unavailable", UNAVAILABLE, 424),
        ("server_error", PROBLEM, 424),
        ("laden_code", b"We could not confirm this", 403),
    ],
)
def test_every_error_of_a_provider_has_its_own_text(
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
    provider: str,
    says: str,
    words: bytes,
    status: int,
) -> None:
    """The kind of fault: different errors are reported as one (RFC 6749 4.1.2.1, Core 3.1.2.6)."""
    browser.providers.set_fault(provider, f"authorize_{says}")

    page = browser.sign_in(provider, "ada")

    assert (page.status_code, words in page.content) == (status, True)
    name = says.removeprefix("says_") if says != "laden_code" else "an error without a registered name"
    assert refusal()["detail"] == f"the provider answered {name}"
    assert f"detail=the provider answered {name}" in caplog.text
    assert b"script" not in page.content.lower()


@pytest.mark.promise(49)
@pytest.mark.parametrize(
    ("ill", "error"),
    [
        ("401", "invalid_client"),
        ("400_client", "unauthorized_client"),
        ("400_scope", "invalid_scope"),
        ("400_unregistered", "an error without a registered name"),
        ("400_html", "an error without a registered name"),
    ],
)
def test_a_token_endpoint_that_refuses_our_client_is_not_an_outage(
    browser: Browser, providers: Sandbox, provider: str, ill: str, error: str
) -> None:
    """The kind of fault: a misconfiguration is reported as an outage, so that people wait (RFC 6749 5.2)."""
    providers.set_fault(provider, f"token_{ill}")

    page = browser.sign_in(provider, "ada")

    assert (page.status_code, SET_UP in page.content) == (424, True)
    assert b"Trying again will not help" in page.content
    assert refusal()["reason"] == "client_refused"
    assert refusal()["detail"].endswith(f"with {error}")


def test_a_refused_code_is_neither(browser: Browser, providers: Sandbox, provider: str) -> None:
    providers.set_fault(provider, "authorize_code_other")

    page = browser.sign_in(provider, "ada")

    assert b"did not accept this sign-in" in page.content
    assert refusal()["reason"] == "code_refused"


@pytest.mark.parametrize("is_administrator", [True, False])
def test_administrators_read_the_detail_on_the_page_itself(
    browser: Browser, providers: Sandbox, *, is_administrator: bool
) -> None:
    browser.sign_in("google", "ada")
    User.objects.update(is_staff=is_administrator)
    providers.set_fault("google", "token_401")

    page = browser.sign_in("google", "ada", process="reauthenticate")

    assert (b"the token endpoint answered 401 with invalid_client" in page.content) is is_administrator


def test_too_many_at_once_is_not_reported_as_silence(
    browser: Browser, providers: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = browser.callback_url("github", "ada")
    monkeypatch.setattr("providers.upstream.LONGEST_WAIT", 0.05)
    gate = registry.get("github").upstream._gate  # noqa: SLF001  # as with four calls in progress
    for _ in range(4):
        gate.acquire()

    page = browser.get(callback)

    assert b"Too many sign-ins at GitHub" in page.content
