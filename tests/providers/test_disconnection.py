"""Disconnecting an identity, by calling the function itself."""

import pytest

from accounts.models import Identity, Session, User
from accounts.models.session import row_key
from audit.models import Entry
from providers.disconnection import disconnect
from providers.models import UpstreamTokens
from providers.refusal import RefusalReason, SignInRefused
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.post import Post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(providers: Sandbox) -> Browser:
    """A person with two identities and two browsers, in the first of them."""
    browser = Browser(providers)
    browser.sign_in("keycloak", "ada")
    browser.connect("google", "ada")
    Browser(providers).sign_in("keycloak", "ada")
    return browser


def identity_of(provider: str) -> Identity:
    return Identity.objects.get(provider=provider)


def test_disconnecting_removes_everything_that_depends_on_the_identity(browser: Browser, post: Post) -> None:
    disconnect(identity_of("keycloak"), keep=browser.key)

    assert [identity.provider for identity in Identity.objects.all()] == ["google"]
    assert [session.session_key for session in Session.objects.live()] == [row_key(browser.key)]
    assert not UpstreamTokens.objects.filter(identity__provider="keycloak").exists()
    assert Entry.objects.filter(action="identity.unlinked", person=str(User.objects.get().pk)).count() == 1
    assert "sign-in method was removed" in post.to("ada@example.com").subject


def test_without_a_session_to_keep_all_sessions_end(browser: Browser) -> None:
    disconnect(identity_of("google"), keep=None)

    assert not Session.objects.live().exists()


def test_the_last_identity_is_not_disconnected_and_nothing_changes(browser: Browser) -> None:
    disconnect(identity_of("google"), keep=browser.key)
    with pytest.raises(SignInRefused) as refused:
        disconnect(identity_of("keycloak"), keep=None)

    assert refused.value.reason is RefusalReason.LAST_SIGN_IN_METHOD
    assert [identity.provider for identity in Identity.objects.all()] == ["keycloak"]
    assert Session.objects.live().exists()


def test_disconnecting_an_identity_twice_is_no_error(browser: Browser) -> None:
    gone = identity_of("google")
    disconnect(identity_of("google"), keep=browser.key)
    disconnect(gone, keep=browser.key)

    assert Entry.objects.filter(action="identity.unlinked").count() == 1
