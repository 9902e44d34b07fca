"""New signing keys work at once, however many forged tokens name keys that do not exist.

The kind of fault: requests that anyone can send use up, or block, what sign-ins need.
"""

import base64
import json
from collections.abc import Callable
from uuid import uuid4

import pytest

from accounts.sign_in.rate_limits import Limit
from audit.models import Entry
from providers import unknown_keys
from providers.forced_fetches import BURST
from sandbox.providers import OPENID_PROVIDERS, Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.test_backchannel import PATH, refused, sid, tell

pytestmark = pytest.mark.django_db

speaking_oidc = pytest.mark.parametrize("speaking_oidc", [str(name) for name in OPENID_PROVIDERS])


def made_up(providers: Sandbox) -> str:
    """Return a logout token that looks like Keycloak's, with an unknown key."""
    header = {"alg": "RS256", "typ": "logout+jwt", "kid": str(uuid4())}
    claims = {"iss": providers.world.issuer(Provider.KEYCLOAK), "aud": "vestibule", "jti": str(uuid4()), "sid": "x"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


@speaking_oidc
@pytest.mark.promise(10)
def test_a_second_rotation_right_after_the_first_signs_in(
    new_browser: Callable[[], Browser], providers: Sandbox, speaking_oidc: str
) -> None:
    assert new_browser().sign_in(speaking_oidc, "ada").status_code == 302
    for _ in range(2):
        providers.rotate_keys(speaking_oidc, withdraw=True)
        assert new_browser().sign_in(speaking_oidc, "ada").status_code == 302


@pytest.mark.promise(10, 38)
def test_a_logout_token_under_a_new_key_ends_its_session(browser: Browser, providers: Sandbox) -> None:
    browser.sign_in("keycloak", "ada")
    providers.rotate_keys("keycloak", withdraw=True)

    assert tell(providers, providers.logout_token(sid(browser))) == 200
    assert browser.account is None


@pytest.mark.promise(10, 11)
def test_forged_logout_tokens_cost_few_fetches_and_leave_one_for_sign_ins(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    browser.sign_in("keycloak", "ada")
    providers.forget_requests()
    assert [tell(providers, made_up(providers)) for _ in range(12)] == [400] * 12
    assert providers.counts("keycloak")["jwks"] == BURST - 1
    assert browser.account
    assert tell(providers, providers.logout_token(sid(browser))) == 200, "a key that is known needs no fetch"

    providers.rotate_keys("keycloak", withdraw=True)
    assert new_browser().sign_in("keycloak", "ada").status_code == 302
    assert providers.counts("keycloak")["jwks"] <= 6


@pytest.mark.promise(11, 96)
def test_a_client_with_too_many_forged_tokens_causes_no_fetch(
    browser: Browser, providers: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is checked before keys are fetched. It is recorded once, and valid tokens of the address still work."""
    browser.sign_in("keycloak", "ada")
    monkeypatch.setattr(unknown_keys, "UNKNOWN_KEYS", Limit(kind="unknown_keys", most=1, seconds=86_400))
    providers.forget_requests()
    stranger = Browser(providers)
    stranger.client.defaults["REMOTE_ADDR"] = "203.0.113.7"  # the tests' own network has no limits
    for _ in range(5):
        stranger.post(PATH, {"logout_token": made_up(providers)})

    assert providers.counts("keycloak")["jwks"] == 1
    assert refused() == ["key_unknown"] * 5
    assert [entry.details["kind"] for entry in Entry.objects.filter(action="rate_limit.exceeded") if entry.details] == [
        "unknown_keys"
    ]
    assert stranger.post(PATH, {"logout_token": providers.logout_token(sid(browser))}).status_code == 200


@pytest.mark.promise(79, 96)
def test_without_redis_the_limits_of_the_process_apply(
    browser: Browser, providers: Sandbox, cache_away: Callable[[], None]
) -> None:
    browser.sign_in("keycloak", "ada")
    providers.forget_requests()
    good = providers.logout_token(sid(browser))
    cache_away()

    assert [tell(providers, made_up(providers)) for _ in range(6)] == [400] * 6
    assert providers.counts("keycloak")["jwks"] <= BURST - 1
    assert tell(providers, good) == 200
