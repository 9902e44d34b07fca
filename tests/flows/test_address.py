"""The e-mail address of an account: only a signed-in person who can read the new mailbox changes it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Identity, MailedLink, Purpose, User
from audit.models import Entry
from tests.flows.conftest import Browser, another
from tests.flows.proofs import let_be_proven
from tests.support.post import Post
from tests.support.together import together

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/accounts/email/"
OLD, NEW = "ada@example.com", "ada@new.example"


def events(*actions: str) -> list[str]:
    entries = (
        Entry.objects.filter(source="event", action__in=actions) if actions else Entry.objects.filter(source="event")
    )
    return list(entries.order_by("id").values_list("action", flat=True))


def reasons(action: str) -> list[str]:
    return [entry.details["reason"] for entry in Entry.objects.filter(action=action).order_by("id") if entry.details]


def ask(browser: Browser, address: str = NEW) -> Any:
    """Request another address right after a reauthentication."""
    let_be_proven(browser)
    return ask_at_once(browser, address)


def ask_at_once(browser: Browser, address: str = NEW) -> Any:
    return browser.post(ADDRESS, {"email": address})


def address_now() -> tuple[str | None, bool]:
    return User.objects.values_list("email", "email_verified").get(name="Ada Lovelace")


@pytest.mark.promise(29)
def test_an_address_is_changed_by_the_link_that_is_mailed_to_it(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, provider: str
) -> None:
    browser.sign_in(provider, "ada")
    elsewhere = new_browser()
    elsewhere.sign_in(provider, "ada")
    assert ask(browser).headers["Location"] == ADDRESS
    page = browser.get(ADDRESS).content.decode()
    link = post.link(NEW)

    assert NEW in page
    assert address_now() == (OLD, True)
    assert b"Use this address?" in browser.get(link).content
    assert address_now() == (OLD, True)
    assert browser.post(link).headers["Location"] == "/accounts/"

    assert address_now() == (NEW, True)
    assert (browser.account is None, elsewhere.account) == (False, None)
    assert reasons("session.revoked") == ["email_changed"]
    assert events("email.change_requested", "email.changed") == ["email.change_requested", "email.changed"]
    assert "was changed" in post.to(OLD).subject


@pytest.mark.promise(29)
def test_a_later_sign_in_leaves_the_address_that_was_chosen(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, provider: str
) -> None:
    browser.sign_in(provider, "ada")
    ask(browser)
    browser.post(post.link(NEW))
    new_browser().sign_in(provider, "ada")

    assert address_now() == (NEW, True)
    assert Identity.objects.get().email == OLD


@pytest.mark.promise(29)
def test_a_link_works_once_even_for_several_at_once(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    link = post.link(NEW)
    answers = together(*[lambda: browser.post(link).status_code] * 4)

    assert sorted(answers) == [302, 410, 410, 410]
    assert browser.get(link).status_code == 410
    assert events("email.changed") == ["email.changed"]


@pytest.mark.promise(29)
def test_the_link_is_for_its_accounts_own_session(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    link = post.link(NEW)
    stranger, other = new_browser(), new_browser()
    other.sign_in("google", "grace")

    asked_to_sign_in = stranger.post(link)
    assert asked_to_sign_in.status_code == 200
    assert f"/accounts/login/?next={link.replace('/', '%2F')}" in asked_to_sign_in.content.decode()
    assert other.post(link).status_code == 403
    assert address_now() == (OLD, True)

    stranger.sign_in("google", "ada", next=link)
    assert stranger.post(link).status_code == 302
    assert address_now() == (NEW, True)


@pytest.mark.promise(29)
def test_a_request_does_not_reveal_who_has_an_address_but_the_owner_is_told(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    new_browser().sign_in("google", "grace")
    taken = User.objects.get(name="Grace Hopper").email
    assert taken
    browser.sign_in("google", "ada")
    free, used = ask(browser), browser.get(ADDRESS).content.replace(NEW.encode(), b"X")
    free_again = ask(browser, taken.upper())
    page = browser.get(ADDRESS).content.replace(taken.upper().encode(), b"X")

    assert (free.status_code, free.headers["Location"]) == (free_again.status_code, free_again.headers["Location"])
    assert _as_everywhere(page) == _as_everywhere(used)
    letter = post.to(taken)
    assert "belongs to your account already" in str(letter.body)
    assert "/accounts/links/" not in str(letter.body)


@pytest.mark.promise(29)
def test_an_address_that_another_person_has_verified_meanwhile_is_refused(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    browser.sign_in("google", "ada")
    ask(browser, "GRACE@example.com")
    link = post.link("GRACE@example.com")
    new_browser().sign_in("google", "grace")
    User.objects.filter(name="Grace Hopper").update(email="grace@example.com", email_verified=True)
    refused = browser.post(link)

    assert refused.status_code == 409
    assert b"Another account has this address" in refused.content
    assert address_now() == (OLD, True)
    assert browser.account
    assert events("email.changed", "email.change_refused") == ["email.change_refused"]


@pytest.mark.promise(29)
def test_the_old_address_can_cancel_an_intruders_change(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    confirm, undo = post.link(NEW), post.link(OLD)
    owner = new_browser()

    assert b"Was this not you?" in owner.get(undo).content
    before = browser.account
    assert b"The change is cancelled" in owner.post(undo).content
    assert (before is None, browser.account) == (False, None)
    assert browser.get(confirm).status_code == 410
    assert owner.post(undo).status_code == 410
    assert reasons("email.change_cancelled") == ["not_them"]
    assert reasons("session.revoked") == ["email_change_disowned"]
    assert address_now() == (OLD, True)


@pytest.mark.promise(29)
def test_a_person_who_cancels_it_while_signed_in_stays_signed_in(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    browser.post(post.link(OLD))

    assert browser.account


@pytest.mark.promise(29)
def test_an_unverified_old_address_is_told_but_cannot_cancel(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    User.objects.update(email_verified=False)
    ask(browser)

    assert "/accounts/links/" not in str(post.to(OLD).body)
    assert "cancel the change" in str(post.to(OLD).body)


@pytest.mark.promise(29)
def test_a_newer_change_replaces_the_older_one(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    older = post.link(NEW)
    ask(browser, "ada@newest.example")

    assert browser.get(older).status_code == 410
    assert browser.post(post.link("ada@newest.example")).status_code == 302
    assert reasons("email.change_cancelled") == ["newer_requested"]


@pytest.mark.promise(29)
def test_a_change_can_be_cancelled_by_the_person_who_requested_it(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    browser.post("/accounts/email/cancel/")

    assert NEW not in browser.get(ADDRESS).content.decode()
    assert post.count(NEW) == 0  # its link was invalid before a worker processed it
    assert reasons("email.change_cancelled") == ["owner"]


@pytest.mark.promise(29)
def test_a_change_expires_after_an_hour(browser: Browser, post: Post, time_machine: Any) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    link = post.link(NEW)
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=3601))

    assert browser.post(link).status_code == 410
    assert address_now() == (OLD, True)


@pytest.mark.parametrize("how", ["connected", "disconnected"])
@pytest.mark.promise(29)
def test_a_change_is_cancelled_when_identities_change(browser: Browser, post: Post, provider: str, how: str) -> None:
    browser.sign_in(provider, "ada")
    if how == "disconnected":
        browser.connect(another(provider), "ada")
    ask(browser)
    link = post.link(NEW)
    if how == "connected":
        browser.connect(another(provider), "ada")
    else:
        browser.post(f"/accounts/connections/{Identity.objects.get(provider=another(provider)).pk}/disconnect/")

    assert browser.post(link).status_code == 410
    assert address_now() == (OLD, True)
    assert reasons("email.change_cancelled") == [f"identity_{how}"]


@pytest.mark.parametrize("how", ["save", "update"])
@pytest.mark.promise(29)
def test_a_change_ends_with_a_deactivation_and_does_not_come_back(browser: Browser, post: Post, how: str) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    link = post.link(NEW)
    for is_active in (False, True):
        if how == "update":
            User.objects.update(is_active=is_active)
        else:
            person = User.objects.get()
            person.is_active = is_active
            person.save()

    assert browser.post(link).status_code == 410
    assert address_now() == (OLD, True)


@pytest.mark.promise(29)
def test_a_change_requires_reauthentication(browser: Browser, post: Post, time_machine: Any) -> None:
    browser.sign_in("keycloak", "ada")
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=11))
    stale = ask_at_once(browser)

    assert stale.status_code == 302
    assert stale.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"
    assert b"/accounts/keycloak/login/?next=/accounts/email/&amp;process=reauthenticate" in browser.get(
        stale.headers["Location"]
    ).content.replace(b"%2F", b"/")
    assert post.all() == []
    proven = browser.sign_in("keycloak", "ada", process="reauthenticate", next=ADDRESS)
    assert proven.headers["Location"] == ADDRESS
    assert ask_at_once(browser).status_code == 302


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "a" * 250 + "@example.com", "a\n@example.com", OLD.upper()])
@pytest.mark.promise(29)
def test_an_invalid_new_address_is_refused_on_the_page(browser: Browser, post: Post, typed: str) -> None:
    browser.sign_in("google", "ada")
    answer = ask(browser, typed)

    assert answer.status_code == 422
    assert b'class="errorlist' in answer.content
    assert (post.all(), MailedLink.objects.count()) == ([], 0)


@pytest.mark.promise(29)
def test_only_the_digest_of_a_link_is_stored_and_garbage_is_refused(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    token = post.link(NEW).split("/")[3]

    assert token not in str(list(MailedLink.objects.values()))
    assert not Entry.objects.filter(details__icontains=token).exists()
    for garbage in ("a", "%00", "%ff%fe", "ä" * 43, token[:-1], token.swapcase()):
        assert browser.get(f"/accounts/links/{garbage}/").status_code == 410


@pytest.mark.promise(29)
def test_without_a_mail_server_the_page_says_so(browser: Browser, settings: Any) -> None:
    browser.sign_in("google", "ada")
    settings.CAN_SEND_MAIL = False

    assert b"cannot send mail yet" in browser.get(ADDRESS).content
    assert ask(browser).status_code == 503
    assert MailedLink.objects.count() == 0


@pytest.mark.promise(29)
def test_too_many_changes_are_limited_and_leave_one_entry(browser: Browser, post: Post) -> None:
    browser.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    browser.sign_in("google", "ada")
    answers = [ask(browser, f"ada{number}@new.example").status_code for number in range(8)]

    assert answers == [302] * 5 + [429] * 3
    assert events("rate_limit.exceeded") == ["rate_limit.exceeded"]
    assert MailedLink.objects.filter(purpose=Purpose.EMAIL_CHANGE).count() == 1


def _as_everywhere(page: bytes) -> bytes:
    """A page without what differs each time: CSRF tokens and times."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"|[0-9]+', b"", page)
