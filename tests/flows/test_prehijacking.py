"""The attacks of "Pre-hijacked accounts" (USENIX Security 2022): an attacker prepares an account for its real owner."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Identity, User
from tests.flows.conftest import Browser
from tests.flows.test_local_accounts import ANOTHER, FORGOTTEN, NORA, PASSWORD, REGISTER, register, sign_in
from tests.support.post import Post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"


@pytest.mark.promise(25, 29)
def test_classic_merge_nobody_registers_with_an_address_that_they_do_not_read(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, provider: str
) -> None:
    """The attacker registers the victim's address and waits for the victim to sign in through a provider."""
    browser.post(REGISTER, {"email": "ada@example.com"})
    unread_by_the_attacker = post.link("ada@example.com")
    victim = new_browser()
    victim.sign_in(provider, "ada")

    assert victim.account == str(User.objects.get().pk)
    assert not User.objects.get().has_usable_password()
    assert browser.post(unread_by_the_attacker, {"name": "M", "password": PASSWORD}).status_code == 409


@pytest.mark.promise(28, 29)
def test_unexpired_session_a_new_password_signs_the_attacker_out(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    """The attacker got in, and keeps a session open until the victim has recovered the account."""
    victim = new_browser()
    register(victim, post)
    sign_in(browser)
    assert browser.account == victim.account is not None
    victim.post(FORGOTTEN, {"email": NORA})
    victim.post(post.link(NORA), {"password": ANOTHER})

    assert browser.account is None
    assert sign_in(browser).status_code == 422


@pytest.mark.promise(29)
def test_unexpired_email_change_dies_with_the_recovery(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    """The attacker requested a change to their address, and opens its link after the victim's recovery."""
    victim = new_browser()
    register(victim, post)
    sign_in(browser)
    browser.post("/accounts/email/", {"email": "mallory@example.com"})
    link = post.link("mallory@example.com")
    victim.post(FORGOTTEN, {"email": NORA})
    victim.post(post.link(NORA), {"password": ANOTHER})
    sign_in(victim, password=ANOTHER)

    assert [visitor.post(link).status_code for visitor in (browser, victim)] == [410, 410]
    assert User.objects.get().email == NORA


@pytest.mark.promise(28, 29)
def test_unexpired_email_change_dies_when_the_victim_connects_a_provider(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, provider: str
) -> None:
    victim = new_browser()
    register(victim, post)
    sign_in(browser)
    browser.post("/accounts/email/", {"email": "mallory@example.com"})
    link = post.link("mallory@example.com")
    victim.connect(provider, "zoe")

    assert browser.account is None
    assert victim.post(link).status_code == 410
    assert User.objects.get().email == NORA


@pytest.mark.promise(27, 28, 29)
def test_trojan_identifier_a_sign_in_method_of_the_attacker_is_listed_and_disconnected(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, provider: str
) -> None:
    """The attacker connected an identity of theirs, and would sign in with it after the victim's recovery.

    No identity is disconnected automatically. It is listed, and without it nothing of the attacker's is left.
    """
    victim = new_browser()
    register(victim, post)
    sign_in(browser)
    browser.connect(provider, "mallory")
    victim.post(FORGOTTEN, {"email": NORA})
    victim.post(post.link(NORA), {"password": ANOTHER})
    sign_in(victim, password=ANOTHER)
    trojan = Identity.objects.get()

    assert trojan.email in victim.get("/accounts/").content.decode()
    victim.post(f"/accounts/connections/{trojan.pk}/disconnect/")
    browser.sign_in(provider, "mallory")
    assert browser.account != victim.account is not None


@pytest.mark.promise(29)
def test_a_mail_to_a_stranger_contains_no_text_of_the_requester(browser: Browser, post: Post) -> None:
    """Otherwise our mails would deliver their message to anyone."""
    register(browser, post)
    lure = "Win at https://evil.example"
    User.objects.update(name=lure)
    browser.client.defaults["HTTP_USER_AGENT"] = lure
    browser.post("/accounts/email/", {"email": "stranger@example.com"})

    for letter in post.all():
        assert "evil.example" not in f"{letter.subject} {letter.body} {letter.alternatives}"
