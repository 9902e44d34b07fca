"""A sign-out revokes tokens that work without the person (OFFLINE_ACCESS), as nothing else would (ADR 40).

The kind of fault: an act deletes here what stays valid elsewhere until it is revoked.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Session, User
from providers.models import UpstreamRevocation, UpstreamTokens
from providers.revocation.acts import revoke_tokens
from providers.revocation.outbox import TokenRevocationReason
from providers.tasks import send_revocations
from providers.vault import NothingStored, get_token
from sandbox.grants import Kind
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser

pytestmark = pytest.mark.django_db(transaction=True)

LOGOUT = "/accounts/logout/"
Live = Callable[[str, str], bool]


@pytest.fixture(autouse=True)
def _offline(settings: Any) -> None:
    settings.OFFLINE_ACCESS = frozenset({"google", "microsoft", "keycloak"})


@pytest.fixture
def live(providers: Sandbox) -> Live:
    return lambda name, token: providers.world.grants.live(token, Provider(name), Kind.ACCESS) is not None


@pytest.mark.parametrize(("name", "is_revoked"), [("google", False), ("keycloak", True), ("github", False)])
@pytest.mark.promise(36, 38)
def test_a_plain_sign_out_revokes_tokens_that_work_without_the_person(
    browser: Browser, live: Live, name: str, *, is_revoked: bool
) -> None:
    browser.sign_in(name, "ada")
    user = User.objects.get()
    token = get_token(user, name)

    browser.post(LOGOUT)
    with pytest.raises(NothingStored):
        get_token(user, name)
    send_revocations()

    assert live(name, token) is not is_revoked
    assert [row.state for row in UpstreamRevocation.objects.all()] == ["done"] * is_revoked


@pytest.mark.promise(36, 38)
def test_keycloaks_tokens_from_before_the_setting_are_only_deleted(browser: Browser, live: Live, settings: Any) -> None:
    """Its revocation would end Keycloak's own session: what counts is the token's kind, not the present setting."""
    settings.OFFLINE_ACCESS = frozenset()
    browser.sign_in("keycloak", "ada")
    token = get_token(User.objects.get(), "keycloak")
    settings.OFFLINE_ACCESS = frozenset({"keycloak"})

    browser.post(LOGOUT)
    send_revocations()

    assert live("keycloak", token)
    assert not UpstreamRevocation.objects.exists()


@pytest.mark.parametrize("name", ["google", "keycloak"])
@pytest.mark.promise(36, 38)
def test_another_devices_tokens_stay_valid(
    browser: Browser, new_browser: Callable[[], Browser], live: Live, name: str
) -> None:
    browser.sign_in(name, "ada")
    elsewhere = new_browser()
    elsewhere.sign_in(name, "ada")
    user = User.objects.get()

    browser.post(LOGOUT)
    send_revocations()

    assert live(name, get_token(user, name))
    assert elsewhere.account == str(user.pk)


@pytest.mark.promise(36, 38)
def test_a_return_in_the_same_upstream_session_before_the_job_keeps_it(
    browser: Browser, live: Live, providers: Sandbox
) -> None:
    """Keycloak's session continues if others use it, and a sign-in from it brings tokens of the same session id."""
    browser.sign_in("keycloak", "ada")
    row = UpstreamTokens.objects.get()
    browser.post(LOGOUT)
    browser.sign_in("keycloak", "ada")
    UpstreamTokens.objects.update(sid=row.sid)
    send_revocations()

    (left,) = UpstreamRevocation.objects.all()
    assert (left.detail, left.identity_id, left.sid) == ("came_back", None, "")
    assert live("keycloak", get_token(User.objects.get(), "keycloak"))


@pytest.mark.promise(36, 38)
def test_a_return_in_another_upstream_session_has_the_first_one_revoked(browser: Browser, live: Live) -> None:
    browser.sign_in("keycloak", "ada")
    token = get_token(User.objects.get(), "keycloak")
    browser.post(LOGOUT)
    browser.sign_in("keycloak", "ada")
    send_revocations()

    assert not live("keycloak", token)
    assert live("keycloak", get_token(User.objects.get(), "keycloak"))


@pytest.mark.promise(36, 38)
def test_a_session_that_merely_expired_ends_nothing(browser: Browser, live: Live) -> None:
    """Tokens that work without the person outlive the session."""
    browser.sign_in("keycloak", "ada")
    user = User.objects.get()
    Session.objects.update(expire_date=timezone.now() - timedelta(hours=1))
    send_revocations()

    assert live("keycloak", get_token(user, "keycloak"))


@pytest.mark.promise(36, 38)
def test_after_a_revoking_act_a_sign_out_has_nothing_to_revoke(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    user = User.objects.get()
    revoke_tokens(user.identities.all(), reason=TokenRevocationReason.DISCONNECTED)

    browser.post(LOGOUT)

    assert [row.reason for row in UpstreamRevocation.objects.all()] == ["disconnected"]
