"""The providers' health comes from memory: the result of the last call, without a new one."""

import time

import pytest

from providers import health
from providers.health import Reach
from sandbox.server import Sandbox
from tests.flows.conftest import Browser

pytestmark = pytest.mark.django_db


def reach() -> dict[str, Reach]:
    return {provider.id: provider.reach for provider in health.of_all()}


def test_a_provider_that_was_never_called_has_unknown_health(providers: Sandbox) -> None:
    assert reach()["github"] is Reach.UNASKED
    assert [provider.asked_at for provider in health.of_all() if provider.id == "github"] == [None]


@pytest.mark.parametrize("provider", ["google", "github"])
def test_a_sign_in_shows_that_a_provider_answers(providers: Sandbox, provider: str) -> None:
    began_at = time.time()
    Browser(providers).sign_in(provider, "ada")

    (found,) = [one for one in health.of_all() if one.id == provider]
    assert found.reach is Reach.ANSWERS
    assert found.asked_at is not None
    assert began_at <= found.asked_at.timestamp() <= time.time()


@pytest.mark.parametrize("fault", ["token_500", "token_reset"])
def test_a_failed_call_after_the_last_answer_shows_that_a_provider_does_not_answer(
    providers: Sandbox, fault: str
) -> None:
    browser = Browser(providers)
    browser.sign_in("github", "ada")
    callback = browser.callback_url("github", "grace")
    providers.set_fault("github", fault)
    browser.get(callback)

    assert reach()["github"] is Reach.SILENT
    providers.set_fault("github", None)
    Browser(providers).sign_in("github", "ada")
    assert reach()["github"] is Reach.ANSWERS


def test_a_provider_without_metadata_counts_as_not_answering(providers: Sandbox) -> None:
    providers.set_fault("microsoft", "discovery_500")
    Browser(providers).start("microsoft")

    assert reach()["microsoft"] is Reach.SILENT


@pytest.mark.slow
def test_reading_the_health_waits_for_no_provider(providers: Sandbox) -> None:
    providers.set_fault("google", "discovery_hang")
    began_at = time.monotonic()

    assert reach()["google"] is Reach.UNASKED
    assert time.monotonic() - began_at < 5  # the provider hangs for longer
