"""Leaving: tokens that we held for somebody end for our code at once, and at their provider as soon as it can be told."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts import purging, rewrapping
from accounts.encryption import key_of
from accounts.models import Identity, Session, User
from accounts.privacy.erasing import erase
from audit.models import Entry
from providers import registry
from providers.leaving import running
from providers.leaving.acts import leave
from providers.leaving.outbox import Because
from providers.leaving.standing import standing, states
from providers.models import Leaving, LeavingState, UpstreamTokens
from providers.tasks import revoke_tokens
from providers.vault import NothingKept, get_token
from providers.vault import access as vault_access
from sandbox.grants import Kind
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.proven import proven
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

REVOKING = ("google", "github", "keycloak")


@pytest.fixture
def live(providers: Sandbox) -> Callable[[str, str], bool]:
    """Whether the provider itself takes an access token."""
    return lambda name, token: providers.world.grants.live(token, Provider(name), Kind.ACCESS) is not None


@pytest.fixture
def ada(browser: Browser) -> User:
    browser.sign_in("keycloak", "ada")
    return User.objects.get()


def row() -> Leaving:
    return Leaving.objects.get()


def told() -> tuple[str, str, bool]:
    """How far it is with the only row, and whether it holds anything."""
    found = row()
    return found.state, found.trouble, bool(found.access or found.refresh)


def later(**time: float) -> None:
    """Let it be so much later for the outbox."""
    by = timedelta(**time)
    Leaving.objects.update(
        created_at=F("created_at") - by,
        next_try_at=F("next_try_at") - by,
        claimed_until=F("claimed_until") - by,
        expires_at=F("expires_at") - by,
    )


def gave_up() -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action="upstream.gave_up")]


def sign_out(browser: Browser, user: User) -> None:
    assert browser.post("/accounts/logout/").status_code == 302


def end_the_device(browser: Browser, user: User) -> None:
    browser.post(f"/accounts/sessions/{user.sessions.get().public_id}/end/")


def disconnect(browser: Browser, user: User) -> None:
    user.set_password("teapot gravel umbrella")
    user.email, user.email_verified = "ada@example.com", True
    user.save()
    user.sessions.update(session_data=F("session_data"))
    identity = user.identities.get()
    from providers.linking import disconnect as take_away

    take_away(identity)


def deactivate(browser: Browser, user: User) -> None:
    page = f"/admin/accounts/user/{user.pk}/change/"
    root = proven(User.objects.create_superuser(username="root"))
    answer = root.post(page, {"name": user.name, "email": user.email or "", "email_verified": "on"})
    assert answer.status_code == 302


def erase_them(browser: Browser, user: User) -> None:
    erase(user, reason="they asked for it")


def delete_in_admin(browser: Browser, user: User) -> None:
    root = proven(User.objects.create_superuser(username="root"))
    assert root.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 302


def end_in_admin(browser: Browser, user: User) -> None:
    call_command("create_administrator", "root") if False else None


ACTS: dict[Callable[[Browser, User], None], Because] = {
    sign_out: Because.SIGNED_OUT,
    end_the_device: Because.SIGNED_OUT,
    disconnect: Because.DISCONNECTED,
    deactivate: Because.DEACTIVATED,
    erase_them: Because.ERASED,
    delete_in_admin: Because.SIGNED_OUT,
}


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_every_act_of_leaving_ends_the_tokens_here_at_once_and_there_by_the_job(
    browser: Browser, providers: Sandbox, live: Any, provider: str, act: Callable[[Browser, User], None]
) -> None:
    browser.sign_in(provider, "ada")
    user = User.objects.get()
    token = get_token(user, provider)
    providers.forget_requests()

    act(browser, user)

    with pytest.raises(NothingKept):
        get_token(user, provider)
    assert not UpstreamTokens.objects.exists()
    assert (row().because, row().tries, providers.counts(provider)["revoke"]) == (ACTS[act], 0, 0)
    assert live(provider, token)

    revoke_tokens()

    does = provider in REVOKING
    assert live(provider, token) is not does
    assert told() == ("done", "" if does else "not_offered", False)
    assert (providers.counts(provider)["revoke"] > 0) is does
    revoke_tokens()
    assert (row().tries, row().next_try_at) == (1, None)
