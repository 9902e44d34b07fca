"""Local accounts: nothing exists before the address is verified, and nobody learns who is registered."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher

from accounts.models import Identity, MailedLink, Session, User
from accounts.sign_in.local.registration import open_local_account
from audit.models import Entry
from tests.flows.conftest import Browser
from tests.flows.test_address import events, reasons
from tests.support.post import Post
from tests.support.together import together

pytestmark = pytest.mark.django_db(transaction=True)

REGISTER, SIGN_IN, FORGOTTEN = "/accounts/register/", "/accounts/local/login/", "/accounts/local/password-reset/"
NORA = "nora@example.com"
PASSWORD, ANOTHER = "teapot gravel umbrella", "seven quiet lanterns"


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"


def register(browser: Browser, post: Post, address: str = NORA, password: str = PASSWORD) -> Any:
    browser.post(REGISTER, {"email": address})
    return browser.post(post.link(address), {"name": "Nora Night", "password": password})


def sign_in(browser: Browser, name: str = NORA, password: str = PASSWORD) -> Any:
    return browser.post(SIGN_IN, {"name": name, "password": password})


def test_an_account_is_opened_by_the_link_and_not_before(browser: Browser, post: Post) -> None:
    answer = browser.post(REGISTER, {"email": NORA})
    assert (answer.status_code, User.objects.count()) == (200, 0)
    assert b"Check your e-mail" in answer.content
    link = post.link(NORA)
    assert b"Your new account" in browser.get(link).content
    assert User.objects.count() == 0
    opened = browser.post(link, {"name": "Nora Night", "password": PASSWORD})

    person = User.objects.get()
    assert (opened.status_code, opened.headers["Location"]) == (302, "/accounts/")
    assert browser.account == str(person.pk)
    assert (person.email, person.email_verified, person.name, person.username) == (NORA, True, "Nora Night", None)
    assert identify_hasher(person.password).algorithm == "argon2"
    assert events("registration.requested", "account.enrolled", "sign_in.succeeded") == [
        "registration.requested",
        "account.enrolled",
        "sign_in.succeeded",
    ]


def test_the_link_opens_one_account_even_for_several_at_once(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    browser.post(REGISTER, {"email": NORA})
    link = post.link(NORA)
    browsers = [new_browser() for _ in range(4)]
    acts = [
        lambda browser=browser: browser.post(link, {"name": "Nora", "password": PASSWORD}).status_code
        for browser in browsers
    ]

    assert together(*acts).count(302) == 1
    assert (User.objects.count(), Session.objects.count()) == (1, 1)
    assert browser.get(link).status_code == 410


def test_an_unconfirmed_registration_leaves_nothing(browser: Browser, post: Post, time_machine: Any) -> None:
    browser.post(REGISTER, {"email": NORA})
    link = post.link(NORA)
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=3601))

    assert browser.post(link, {"name": "Nora", "password": PASSWORD}).status_code == 410
    assert User.objects.count() == 0


@pytest.mark.parametrize(("page", "again"), [(REGISTER, "has one already"), (FORGOTTEN, "Choose a new password")])
def test_only_the_reader_of_the_mail_learns_who_is_registered(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, page: str, again: str
) -> None:
    register(browser, post)
    stranger = new_browser()
    answers = [stranger.post(page, {"email": address}) for address in (NORA.upper(), "free@example.com")]
    first, second = (_as_everywhere(answer.content) for answer in answers)

    assert first.replace(NORA.upper().encode(), b"") == second.replace(b"free@example.com", b"")
    assert again in str(post.to(NORA).body)
    assert post.count("free@example.com") == (1 if page == REGISTER else 0)


def test_the_request_runs_the_same_statements_for_every_address(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, django_assert_num_queries: Any
) -> None:
    """A worker looks the address up, so the response time reveals nothing."""
    register(browser, post)
    for page in (REGISTER, FORGOTTEN):
        for address in (NORA, "free@example.com"):
            with django_assert_num_queries(4):  # the entry and the deferred task, in a transaction
                new_browser().post(page, {"email": address})


@pytest.mark.promise(78)
def test_a_job_that_runs_twice_mails_once(browser: Browser, post: Post) -> None:
    browser.post(REGISTER, {"email": NORA})
    post.work(times=2)

    assert post.count(NORA) == 1
    assert browser.post(post.link(NORA), {"name": "Nora", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short one",
        "password1234",
        "passwordpassword",
        "123456789012",
        "qwertyuiop12",
        "aaaaaaaaaaaaaa",
        "Nora Night 77",
    ],
)
def test_weak_and_known_passwords_are_refused_and_the_link_stays(browser: Browser, post: Post, password: str) -> None:
    refused = register(browser, post, password=password)

    assert refused.status_code == 422
    assert b'class="errorlist' in refused.content
    assert password.encode() not in refused.content or not password
    assert User.objects.count() == 0
    assert browser.post(post.link(NORA), {"name": "Nora", "password": PASSWORD}).status_code == 302


def test_a_person_who_took_the_address_meanwhile_keeps_it(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    browser.post(REGISTER, {"email": "ADA@example.com"})
    link = post.link("ADA@example.com")
    new_browser().sign_in("google", "ada")
    refused = browser.post(link, {"name": "Nora", "password": PASSWORD})

    assert refused.status_code == 409
    assert browser.account is None
    assert User.objects.count() == 1


def test_local_people_sign_in_by_address_or_name(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    register(browser, post)
    User.objects.update(username="nora")
    for name in (NORA, NORA.upper(), "nora"):
        visitor = new_browser()
        assert sign_in(visitor, name).headers["Location"] == "/accounts/"
        assert visitor.account == browser.account
    wanted = new_browser()
    there = wanted.post(f"{SIGN_IN}?next=/accounts/sessions/", {"name": NORA, "password": PASSWORD})

    assert there.headers["Location"] == "/accounts/sessions/"
    away = new_browser().post(f"{SIGN_IN}?next=//evil.example", {"name": NORA, "password": PASSWORD})
    assert away.headers["Location"] == "/accounts/"


@pytest.mark.promise(44)
def test_known_and_unknown_names_are_refused_alike(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    register(browser, post)
    names = [NORA, "free@example.com", "nobody"]
    answers = [sign_in(new_browser(), name, ANOTHER) for name in names]
    pages = [
        _as_everywhere(answer.content.replace(name.encode(), b"")) for answer, name in zip(answers, names, strict=True)
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert pages[0] == pages[1] == pages[2]
    assert b"No account matches these" in pages[0]


@pytest.mark.parametrize("name", ["", "\0", "a" * 300])
def test_garbage_as_a_local_name_is_refused_too(browser: Browser, name: str) -> None:
    assert sign_in(browser, name).status_code == 422


def test_an_address_that_is_not_verified_opens_nothing(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    register(browser, post)
    User.objects.update(email_verified=False)

    assert sign_in(new_browser()).status_code == 422


def test_a_deactivated_account_stays_closed(browser: Browser, new_browser: Callable[[], Browser], post: Post) -> None:
    register(browser, post)
    User.objects.update(is_active=False)

    assert sign_in(new_browser()).status_code == 422
    assert browser.account is None
    browser.post(FORGOTTEN, {"email": NORA})
    assert "Choose a new password" not in post.to(NORA).subject


def test_a_forgotten_password_is_replaced_through_the_mailbox_and_all_sessions_end(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    register(browser, post)
    owner = new_browser()
    owner.post(FORGOTTEN, {"email": NORA})
    link = post.link(NORA)
    assert owner.post(link, {"password": "short"}).status_code == 422
    done = owner.post(link, {"password": ANOTHER})

    assert done.headers["Location"] == "/accounts/login/"
    assert (browser.account, owner.account) == (None, None)
    assert (sign_in(owner).status_code, sign_in(owner, password=ANOTHER).status_code) == (422, 302)
    assert owner.post(link, {"password": PASSWORD}).status_code == 410
    assert reasons("session.revoked") == ["password_reset"]
    assert [letter.subject for letter in post.all() if "was changed" in letter.subject and letter.to == [NORA]]


@pytest.mark.promise(29)
def test_a_new_password_ends_what_was_waiting(browser: Browser, new_browser: Callable[[], Browser], post: Post) -> None:
    """An intruder may have requested another address, and the mailbox may contain older links."""
    register(browser, post)
    browser.post("/accounts/email/", {"email": "mallory@example.com"})
    change = post.link("mallory@example.com")
    owner = new_browser()
    owner.post(FORGOTTEN, {"email": NORA})
    older = post.link(NORA)
    owner.post(FORGOTTEN, {"email": NORA})
    owner.post(post.link(NORA), {"password": ANOTHER})
    sign_in(owner, password=ANOTHER)

    assert (owner.post(change).status_code, owner.post(older, {"password": PASSWORD}).status_code) == (410, 410)
    assert User.objects.get().email == NORA
    assert reasons("email.change_cancelled") == ["password_reset"]


@pytest.mark.promise(29)
def test_a_changed_address_ends_the_links_in_the_old_mailbox(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    register(browser, post)
    new_browser().post(FORGOTTEN, {"email": NORA})
    reset = post.link(NORA)
    browser.post("/accounts/email/", {"email": "nora@new.example"})
    browser.post(post.link("nora@new.example"))

    assert new_browser().post(reset, {"password": ANOTHER}).status_code == 410


def test_a_person_without_a_password_is_told_their_sign_in_methods(
    browser: Browser, new_browser: Callable[[], Browser], post: Post
) -> None:
    browser.sign_in("google", "ada")
    new_browser().post(FORGOTTEN, {"email": "ada@example.com"})

    assert "Your sign-in methods: Google" in str(post.to("ada@example.com").body)
    assert MailedLink.objects.count() == 0


@pytest.mark.promise(25)
def test_a_provider_with_the_same_address_is_never_linked_but_can_be_connected(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, provider: str
) -> None:
    register(browser, post, address="ada@example.com")
    stranger = new_browser()
    assert stranger.sign_in(provider, "ada").status_code == 409
    assert (stranger.account, Identity.objects.count()) == (None, 0)

    assert browser.connect(provider, "ada").headers["Location"] == "/accounts/connections/"
    assert new_browser().sign_in(provider, "ada").status_code == 302
    assert (User.objects.count(), Identity.objects.count()) == (1, 1)


def test_a_local_person_reauthenticates_with_the_password(browser: Browser, post: Post, time_machine: Any) -> None:
    register(browser, post)
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=11))
    stale = browser.get("/accounts/email/").headers["Location"]

    assert stale == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"
    assert browser.get(stale).status_code == 200
    assert browser.post(stale, {"password": PASSWORD}).headers["Location"] == "/accounts/email/"
    assert browser.get("/accounts/email/").status_code == 200


@pytest.mark.parametrize("mode", ["off", "invited", "open"])
def test_the_pages_exist_if_the_operator_turns_them_on(
    new_browser: Callable[[], Browser], settings: Any, mode: str
) -> None:
    settings.LOCAL_ACCOUNTS = mode
    there = [new_browser().get(page).status_code for page in (REGISTER, SIGN_IN, FORGOTTEN)]
    door = new_browser().get("/accounts/login/").content

    assert there == {"off": [404] * 3, "invited": [404, 200, 200], "open": [200] * 3}[mode]
    assert (SIGN_IN.encode() in door, REGISTER.encode() in door) == (mode != "off", mode == "open")


def test_a_link_that_was_mailed_before_registration_was_turned_off_opens_nothing(
    browser: Browser, post: Post, settings: Any
) -> None:
    browser.post(REGISTER, {"email": NORA})
    settings.LOCAL_ACCOUNTS = "invited"

    assert browser.get(post.link(NORA)).status_code == 410


def test_too_many_registrations_are_limited_by_client_and_by_address(
    new_browser: Callable[[], Browser], post: Post
) -> None:
    def ask(client: str, address: str) -> int:
        browser = new_browser()
        browser.client.defaults["REMOTE_ADDR"] = client
        status: int = browser.post(REGISTER, {"email": address}).status_code
        return status

    assert [ask(f"203.0.113.{number}", NORA) for number in range(7)] == [200] * 5 + [429] * 2
    many = [ask("2001:db8::1" if number % 2 else "2001:db8::2", f"n{number}@example.com") for number in range(22)]
    assert many == [200] * 20 + [429] * 2
    assert ask("127.0.0.1", NORA) == 200  # exempt
    limits = Entry.objects.filter(action="rate_limit.exceeded")
    assert [entry.details["kind"] for entry in limits.order_by("id") if entry.details] == [
        "mails.email",
        "mails.client",
    ]
    assert NORA not in str([entry.details for entry in limits])


def test_a_password_reset_ends_the_persons_own_session_too(browser: Browser, post: Post) -> None:
    register(browser, post)
    browser.post(FORGOTTEN, {"email": NORA})
    assert browser.post(post.link(NORA), {"password": ANOTHER}).status_code == 302

    assert browser.account is None
    assert sign_in(browser, password=ANOTHER).status_code == 302


def test_an_account_opened_in_another_persons_browser_gets_nothing_of_theirs(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    ada = browser.account
    browser.client.cookies.pop("sessionid")
    browser.post(REGISTER, {"email": NORA})
    browser.sign_in("google", "ada")
    browser.post(post.link(NORA), {"name": "Nora", "password": PASSWORD})

    assert browser.account != ada is not None
    assert browser.get("/accounts/email/").status_code == 200  # the reauthentication is theirs
    assert NORA in browser.get("/accounts/").content.decode()


def test_an_account_without_a_password_needs_another_sign_in_method() -> None:
    person = open_local_account(NORA, "Nora", None)

    assert not person.has_usable_password()


def _as_everywhere(page: bytes) -> bytes:
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"|[0-9]+', b"", page)
