"""The mailed code as a part of reauthentication: for one session and one act, once, with few tries."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import MailedCode, User
from audit.models import Entry
from jobs import purging
from tests.flows.conftest import Browser
from tests.flows.factors import details
from tests.flows.proofs import ask_for_code, mailed_code, proving
from tests.support.leaks import in_redis, in_tables, in_text, log_of_everything
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.together import together

pytestmark = pytest.mark.django_db

ADDRESS = "/accounts/email/"
PAGE = proving(ADDRESS)


@pytest.fixture
def ada(browser: Browser) -> Browser:
    browser.sign_in("google", "ada")
    return browser


def works(browser: Browser, code: str, page: str = PAGE) -> bool:
    answer = browser.post(page, {"code": code})
    assert answer.status_code in {200, 302}
    return bool(answer.status_code == 302)


def wrong(code: str) -> str:
    return f"{(int(code.replace(' ', '')) + 1) % 10**8:08}"


@pytest.mark.promise(27)
def test_a_code_has_eight_digits_and_may_be_typed_with_or_without_the_space(ada: Browser) -> None:
    for shape in ("{}", " {} ", "{}\t"):
        assert works(ada, shape.format(ask_for_code(ada, ADDRESS).replace(" ", "")))
    assert works(ada, ask_for_code(ada, ADDRESS).replace(" ", "-"))
    assert details("reauthentication.code_verified") == [{"act": "email"}] * 4


@pytest.mark.promise(27)
def test_a_code_works_once(ada: Browser) -> None:
    code = ask_for_code(ada, ADDRESS)

    assert [works(ada, code), works(ada, code)] == [True, False]


@pytest.mark.promise(27)
def test_a_code_expires_after_ten_minutes(ada: Browser, later: Callable[..., None]) -> None:
    code = ask_for_code(ada, ADDRESS)
    later(minutes=10, seconds=5)

    assert not works(ada, code)


@pytest.mark.promise(27)
def test_a_code_is_for_one_session(ada: Browser, new_browser: Callable[[], Browser]) -> None:
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    code = ask_for_code(ada, ADDRESS)

    assert not works(elsewhere, code)
    ask_for_code(elsewhere, ADDRESS)
    assert not works(elsewhere, code)
    assert works(ada, code)


@pytest.mark.promise(27)
def test_a_code_is_for_one_act(ada: Browser) -> None:
    code = ask_for_code(ada, ADDRESS)

    for other in (
        "/accounts/data/",
        "/accounts/second-factor/authenticator/",
        "/accounts/connections/?connect",
        "/admin/",
    ):
        assert not works(ada, code, proving(other))
    assert works(ada, code)


@pytest.mark.promise(27)
def test_the_sixth_try_is_not_checked(ada: Browser) -> None:
    code = ask_for_code(ada, ADDRESS)

    assert [works(ada, guess) for guess in [wrong(code)] * 5 + [code]] == [False] * 6
    assert [found["tries"] for found in details("reauthentication.code_refused")] == [1, 2, 3, 4, 5]


@pytest.mark.promise(27)
def test_a_new_code_replaces_the_previous_one(ada: Browser) -> None:
    first = ask_for_code(ada, ADDRESS)
    second = ask_for_code(ada, ADDRESS)

    assert [works(ada, first), works(ada, second)] == [first == second, True]
    assert MailedCode.objects.count() == 1


@pytest.mark.promise(27)
def test_an_account_gets_no_more_than_five_codes_an_hour_from_whatever_session(
    ada: Browser, new_browser: Callable[[], Browser], settings: Any
) -> None:
    """The kind of fault: guesses are limited for each code, but the number of codes is not. No network is exempt."""
    settings.RATE_LIMITS_EXEMPT = [ip_network("127.0.0.0/8")]
    for _ in range(5):
        ask_for_code(ada, ADDRESS)
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")

    for browser, page in ((ada, PAGE), (elsewhere, PAGE), (ada, proving("/accounts/data/"))):
        assert browser.post(page, {"send": "code"}).status_code == 429
    assert MailedCode.objects.count() == 1


@pytest.mark.promise(27)
def test_a_code_goes_to_the_stored_verified_address_only(ada: Browser, post: Post) -> None:
    person = User.objects.get(pk=ada.account or "")
    code = ask_for_code(ada, ADDRESS)
    User.objects.filter(pk=person.pk).update(email="elsewhere@example.com")
    assert not works(ada, code), "it was mailed to another address"
    User.objects.filter(pk=person.pk).update(email_verified=False)

    assert ada.post(PAGE, {"send": "code", "email": "evil@example.com"}).status_code == 200
    assert [letter.to for letter in post.all()][1:] == []


@pytest.mark.parametrize("posted", ["", "\0", "x" * 5000, "\u0661" * 8, "12345678", "0", "-1", "1e7", "' OR 1=1 --"])
@pytest.mark.promise(27)
def test_garbage_is_not_a_code(ada: Browser, posted: str) -> None:
    code = ask_for_code(ada, ADDRESS).replace(" ", "")

    assert works(ada, posted) is (posted == code)


@pytest.mark.promise(27)
def test_without_a_code_nothing_is_checked_and_the_trail_does_not_grow(ada: Browser) -> None:
    before = Entry.objects.count()

    assert not any(works(ada, "1234 5678") for _ in range(5))
    assert Entry.objects.count() == before


@pytest.mark.promise(27)
def test_the_end_of_a_session_ends_its_code(ada: Browser, new_browser: Callable[[], Browser]) -> None:
    code = ask_for_code(ada, ADDRESS)
    ada.post("/accounts/logout/")
    ada.sign_in("google", "ada")

    assert not works(ada, code)


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(27, 76)
def test_the_code_is_nowhere_in_plain_text(ada: Browser, servers: Servers, post: Post) -> None:
    with log_of_everything() as log:
        ada.post(PAGE, {"send": "code"})
        waiting = MailedCode.objects.get().pk  # the message is in the queue, its deferred task in the table
        queued = in_redis(servers.valkey.url, {"id": str(waiting)})
        code = mailed_code("ada@example.com")
        assert works(ada, code)
    spelled = {"code": code, "digits": code.replace(" ", "")}

    assert queued == set(), "nor does the queue know which code it is"
    assert in_tables(servers, spelled) == set()
    assert in_redis(servers.valkey.url, spelled) == set()
    assert in_text(log.getvalue(), spelled) == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(27)
def test_of_many_concurrent_guesses_only_the_limit_is_checked(ada: Browser) -> None:
    code = ask_for_code(ada, ADDRESS)
    together(*[lambda: works(ada, wrong(code))] * 12)

    assert MailedCode.objects.get().tries == 5
    assert not works(ada, code)


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(27)
def test_a_code_entered_twice_concurrently_is_used_once(ada: Browser) -> None:
    code = ask_for_code(ada, ADDRESS)
    together(*[lambda: ada.post(PAGE, {"code": code})] * 4)

    assert len(details("reauthentication.code_verified")) == 1


@pytest.mark.promise(27, 80)
def test_without_redis_no_code_is_mailed(ada: Browser, cache_away: Callable[[], None]) -> None:
    cache_away()

    assert ada.post(PAGE, {"send": "code"}).status_code == 503
    assert MailedCode.objects.count() == 0


@pytest.mark.promise(27)
def test_expired_codes_are_purged(ada: Browser, later: Callable[..., None]) -> None:
    ask_for_code(ada, ADDRESS)
    later(minutes=11)
    MailedCode.objects.update(expires_at=Now() - timedelta(hours=1))  # the purge uses the database's clock
    purging.purge()

    assert MailedCode.objects.count() == 0
