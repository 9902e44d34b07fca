"""The admin's sign-in: who may enter, with which factors, and how wrong passwords are throttled."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from accounts.models import Session, User
from accounts.sign_in import login_throttle
from audit.models import Entry
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.factors import APP, NEEDED, PROVE, add_app, details, on_the_way, with_words
from tests.flows.proofs import let_be_proven
from tests.support.authenticator import code, recovery_codes_on, secret_on
from tests.support.proven import sign_in

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
NAME, PASSWORD = "root", "a lantern in the stairwell"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser(username=NAME, password=PASSWORD, name="Root")


@pytest.fixture
def strict(settings: Any) -> None:
    """As in production: nobody enters with one factor."""
    settings.ADMIN_NEEDS_SECOND_FACTOR = True


def enter(browser: Browser, *, name: str = NAME, password: str = PASSWORD, next: str = "/admin/") -> Any:  # noqa: A002
    return browser.post(LOGIN, {"username": name, "password": password, "next": next})


def is_inside(browser: Browser) -> bool:
    answers = [browser.get(path) for path in ("/admin/", "/admin/accounts/user/", "/admin/audit/entry/")]
    statuses = {answer.status_code for answer in answers}
    assert statuses in ({200}, {302})
    return statuses == {200}


def make_administrator(browser: Browser) -> None:
    person = User.objects.get(identities__isnull=False)
    person.is_staff = person.is_superuser = True
    person.save()


def test_in_development_the_demo_administrator_signs_in_with_name_and_password(browser: Browser, root: User) -> None:
    page = browser.get("/admin/")
    assert page.headers["Location"] == f"{LOGIN}?next=/admin/"
    entered = enter(browser)

    assert (entered.status_code, entered.headers["Location"]) == (302, "/admin/")
    assert is_inside(browser)
    assert details("sign_in.succeeded") == [{"provider": "", "steps": ["password"]}]


@pytest.mark.promise(45)
def test_if_required_an_administrator_adds_a_factor_before_anything_else(
    browser: Browser, root: User, strict: None, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    entered = enter(browser, next="/admin/accounts/user/")
    assert entered.headers["Location"] == on_the_way(NEEDED, "/admin/accounts/user/")
    assert not is_inside(browser)
    assert browser.account is None
    assert b"Administrators sign in in two steps" in browser.get(NEEDED).content
    secret = secret_on(browser.get(APP).content)
    shown = browser.post(APP, {"code": code(secret)})

    assert len(recovery_codes_on(shown.content)) == 10
    assert b'href="/admin/accounts/user/"' in shown.content
    assert is_inside(browser)
    later()
    elsewhere = new_browser()
    assert enter(elsewhere).headers["Location"] == on_the_way(PROVE)
    assert not is_inside(elsewhere)
    assert elsewhere.post(PROVE, {"code": code(secret)}).headers["Location"] == "/admin/"
    assert is_inside(elsewhere)


def test_an_enrolled_factor_is_required_even_if_none_must_be_enrolled(
    browser: Browser, root: User, new_browser: Callable[[], Browser]
) -> None:
    enter(browser)
    add_app(browser)
    assert is_inside(browser)
    elsewhere = new_browser()

    assert enter(elsewhere).headers["Location"] == on_the_way(PROVE)
    assert not is_inside(elsewhere)


@pytest.mark.promise(45)
def test_a_provider_gives_access_with_its_own_second_factor_or_ours(
    browser: Browser, strict: None, provider: str, later: Callable[..., None], new_browser: Callable[[], Browser]
) -> None:
    browser.sign_in(provider, "ada")
    make_administrator(browser)
    assert not is_inside(browser)
    assert browser.get(f"{LOGIN}?next=/admin/").headers["Location"] == on_the_way(NEEDED)
    let_be_proven(browser)
    shown = browser.post(on_the_way(APP), {"code": code(secret := secret_on(browser.get(APP).content))})
    assert b'href="/admin/"' in shown.content
    assert is_inside(browser)

    later()
    elsewhere = new_browser()
    assert elsewhere.sign_in(provider, "ada", next="/admin/").headers["Location"] == on_the_way(PROVE)
    assert not is_inside(elsewhere)
    assert elsewhere.post(PROVE, {"code": code(secret)}).headers["Location"] == "/admin/"
    assert is_inside(elsewhere)


@pytest.mark.promise(45)
def test_a_provider_with_a_second_factor_gives_access_directly(
    browser: Browser, strict: None, providers: Sandbox, new_browser: Callable[[], Browser]
) -> None:
    with_words(providers, "keycloak", amr=["pwd", "mfa"])
    browser.sign_in("keycloak", "vera")
    make_administrator(browser)
    elsewhere = new_browser()

    assert elsewhere.sign_in("keycloak", "vera", next="/admin/").headers["Location"] == "/admin/"
    assert is_inside(elsewhere)
    assert not Authenticator.objects.exists()


def test_a_session_from_before_the_factor_must_verify_it_for_the_admin(
    browser: Browser, root: User, later: Callable[..., None]
) -> None:
    """Whatever opened a session without a factor: the admin itself checks for one."""
    sign_in(browser.client, root)
    assert is_inside(browser)
    other = Browser(browser.providers)
    enter(other)
    secret, _ = add_app(other)
    later()
    sign_in(browser.client, User.objects.get())  # with their present state: adding the factor was an act on them

    assert not is_inside(browser)
    to_prove = browser.get(f"{LOGIN}?next=/admin/audit/entry/").headers["Location"]
    assert to_prove == "/accounts/reauthenticate/?next=%2Fadmin%2Faudit%2Fentry%2F"
    assert browser.post(to_prove, {"code": code(secret)}).headers["Location"] == "/admin/audit/entry/"
    assert is_inside(browser)


@pytest.mark.promise(45)
def test_local_passwords_can_be_turned_off(browser: Browser, root: User, settings: Any, strict: None) -> None:
    settings.LOCAL_PASSWORDS = False
    page = browser.get(LOGIN).content
    refused = enter(browser)

    assert b'name="password"' not in page
    assert b"/accounts/keycloak/login/?next=%2Fadmin%2F" in page
    assert refused.status_code == 403
    assert not is_inside(browser)
    assert details("sign_in.refused") == [{"reason": "local_passwords_off"}]
    sign_in(browser.client, root)
    assert b'name="password"' not in browser.get("/accounts/reauthenticate/").content
    assert browser.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 200
    assert browser.get("/admin/password_change/").status_code == 302


@pytest.mark.promise(45)
def test_without_local_passwords_a_provider_needs_a_second_factor_to_give_access(
    browser: Browser,
    root: User,
    settings: Any,
    strict: None,
    providers: Sandbox,
    new_browser: Callable[[], Browser],
) -> None:
    settings.LOCAL_PASSWORDS = False
    with_words(providers, "keycloak", acr="mfa")
    plain, asked = new_browser(), new_browser()
    plain.sign_in("google", "ada")
    asked.sign_in("keycloak", "vera")
    User.objects.filter(identities__isnull=False).update(is_staff=True, is_superuser=True)

    assert enter(browser).status_code == 403
    assert (is_inside(browser), is_inside(plain)) == (False, False)
    assert plain.get(f"{LOGIN}?next=/admin/").headers["Location"] == on_the_way(NEEDED)
    assert is_inside(asked)
    assert new_browser().sign_in("google", "ada", next="/admin/").headers["Location"] == on_the_way(NEEDED)


def test_staff_only(browser: Browser, root: User) -> None:
    User.objects.create_user(username="member", password=PASSWORD)
    wrong, right = enter(browser, name="member", password="wrong"), enter(browser, name="member")

    assert wrong.status_code == right.status_code == 200
    assert _same_page(wrong, right)
    assert browser.account is None
    assert details("sign_in.refused")[-1] == {"reason": "not_an_administrator"}
    browser.sign_in("google", "ada")
    page = browser.get(LOGIN)
    assert (page.status_code, b"that account may not come in here" in page.content) == (200, True)
    assert not is_inside(browser)


def test_a_sign_in_as_another_person_ends_the_first_session(browser: Browser, root: User) -> None:
    browser.sign_in("google", "ada")
    old = browser.key
    enter(browser)

    assert browser.account == str(root.pk)
    assert not Session.objects.of_browser(old).exists()
    assert details("sign_in.succeeded")[-1]["steps"] == ["password"]


@pytest.mark.promise(20)
@pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_nobody_is_sent_elsewhere(browser: Browser, root: User, next_url: str) -> None:
    assert enter(browser, next=next_url).headers["Location"] == "/admin/"
    assert browser.get(f"{LOGIN}?next={next_url}").headers["Location"] == "/admin/"


@pytest.mark.promise(44)
def test_twenty_five_wrong_passwords_are_throttled(browser: Browser, root: User, later: Callable[..., None]) -> None:
    answers = [enter(browser, password=f"wrong {number}") for number in range(25)]
    statuses = [answer.status_code for answer in answers]

    assert statuses == [200] * login_throttle.FREE_OF_ACCOUNT + [429] * (25 - login_throttle.FREE_OF_ACCOUNT)
    assert b"Reference" not in answers[0].content
    assert b"errornote" in answers[0].content
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert b"Too many attempts" in answers[-1].content
    assert enter(browser).status_code == 429, "the right one waits too, or it would be known"
    reasons = [found["reason"] for found in details("sign_in.refused")]
    assert reasons == ["local_password_wrong"] * login_throttle.FREE_OF_ACCOUNT + ["throttled"]
    assert NAME not in str(list(Entry.objects.filter(source="event").values_list("details", "personal")))
    later(seconds=5)
    assert enter(browser).headers["Location"] == "/admin/"


@pytest.mark.promise(44)
def test_known_and_unknown_names_look_alike(browser: Browser, root: User, new_browser: Callable[[], Browser]) -> None:
    for password in ("wrong", *["again"] * login_throttle.FREE_OF_ACCOUNT):
        known, unknown = enter(browser, password=password), enter(new_browser(), name="nobody", password=password)
        assert known.status_code == unknown.status_code
        assert ("Retry-After" in known.headers) is ("Retry-After" in unknown.headers)
        assert _same_page(known, unknown)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.usefixtures("real_hashes")
@pytest.mark.promise(44)
def test_known_and_unknown_names_take_the_same_time(root: User) -> None:
    """The time of this thread is compared, which a busy machine does not change: a hash is nearly all of it."""
    User.objects.create_user(username="without-password")
    names = {NAME: [], "nobody": [], "without-password": []}  # type: dict[str, list[float]]
    client = Client()
    for _ in range(7):
        for name, times in names.items():
            cache.clear()
            started_at = time.thread_time()
            client.post(LOGIN, {"username": name, "password": "wrong"})
            times.append(time.thread_time() - started_at)
    medians = [statistics.median(times) for times in names.values()]

    assert max(medians) < 1.5 * min(medians), medians


@pytest.mark.promise(44)
def test_the_owner_can_sign_in_from_a_known_browser_while_others_guess(
    browser: Browser, root: User, new_browser: Callable[[], Browser]
) -> None:
    enter(browser)
    browser.post("/accounts/logout/")
    guesser = new_browser()
    for number in range(12):
        enter(guesser, password=f"wrong {number}")

    assert enter(guesser).status_code == 429
    assert enter(browser).headers["Location"] == "/admin/"


def person_with_two_names() -> User:
    return User.objects.create_superuser(
        username=NAME, password=PASSWORD, name="Root", email="root@example.com", email_verified=True
    )


@pytest.mark.promise(44)
def test_two_names_of_one_account_do_not_reveal_that_they_belong_together(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    """The kind of fault: a throttle of one name shows at another, so 429 instead of 422 reveals the account."""
    person_with_two_names()
    seen = {}
    for typed in ("root@example.com", "nobody@example.com"):
        cache.clear()
        for number in range(login_throttle.FREE_OF_ACCOUNT + 1):
            guesser = new_browser()
            guesser.client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
            enter(guesser, password="wrong")
        other = new_browser()
        other.client.defaults["REMOTE_ADDR"] = "198.51.100.1"
        seen[typed] = [
            *(
                enter(other, name=typed, password="wrong").status_code
                for _ in range(login_throttle.FREE_OF_ACCOUNT + 1)
            ),
            *(
                other.post("/accounts/local/login/", {"name": typed.upper(), "password": "wrong"}).status_code
                for _ in range(2)
            ),
        ]

    assert seen["root@example.com"] == seen["nobody@example.com"]
    assert seen["root@example.com"][0] == 200


@pytest.mark.promise(44)
def test_guesses_by_two_names_of_one_account_count_together(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None], time_machine: Any
) -> None:
    """An account that is throttled over several names is throttled silently: a right password looks wrong."""
    time_machine.move_to(datetime.now(UTC), tick=False)
    person_with_two_names()
    for number in range(login_throttle.FREE_OF_ACCOUNT):
        guesser = new_browser()
        guesser.client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        enter(guesser, password="wrong")
    other = new_browser()
    other.client.defaults["REMOTE_ADDR"] = "198.51.100.1"
    wrong = enter(other, name="root@example.com", password="wrong")
    right = enter(other, name="root@example.com")

    assert right.status_code == wrong.status_code == 200
    assert _same_page(right, wrong)
    assert other.account is None
    later(seconds=5)
    assert enter(other, name="root@example.com").status_code == 302


@pytest.mark.promise(44)
def test_a_right_password_does_not_reset_the_throttle_of_others(new_browser: Callable[[], Browser]) -> None:
    """Otherwise an attacker sees the count restart, and learns that somebody with this name has signed in."""
    person_with_two_names()
    owner, guesser = new_browser(), new_browser()
    owner.client.defaults["REMOTE_ADDR"], guesser.client.defaults["REMOTE_ADDR"] = "192.0.2.1", "198.51.100.1"
    for _ in range(login_throttle.FREE_OF_ACCOUNT - 1):
        enter(guesser, password="wrong")
    assert enter(owner).status_code == 302

    assert [enter(guesser, password="wrong").status_code for _ in range(2)] == [200, 429]


@pytest.mark.promise(44)
def test_the_old_password_is_throttled_where_it_is_changed(browser: Browser, root: User) -> None:
    """The kind of fault: a password check without a throttle."""
    enter(browser)
    form = {"new_password1": "seven quiet lanterns", "new_password2": "seven quiet lanterns"}
    answers = [
        browser.post("/admin/password_change/", {"old_password": f"wrong {number}", **form}) for number in range(12)
    ]
    statuses = [answer.status_code for answer in answers]

    assert statuses == [200] * login_throttle.FREE_OF_ACCOUNT + [429] * (12 - login_throttle.FREE_OF_ACCOUNT)
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert browser.post("/admin/password_change/", {"old_password": PASSWORD, **form}).status_code == 429
    reasons = [found["reason"] for found in details("sign_in.refused")]
    assert reasons == ["local_password_wrong"] * login_throttle.FREE_OF_ACCOUNT + ["throttled"]
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


@pytest.mark.promise(44)
def test_the_reauthentication_is_throttled_and_recorded(browser: Browser, root: User) -> None:
    enter(browser)
    statuses = [
        browser.post("/accounts/reauthenticate/", {"password": f"wrong {number}"}).status_code
        for number in range(login_throttle.FREE_OF_ACCOUNT + 2)
    ]

    assert statuses == [200] * login_throttle.FREE_OF_ACCOUNT + [429] * 2
    assert [found["reason"] for found in details("sign_in.refused")] == ["throttled"]


@pytest.mark.promise(44)
def test_without_redis_no_password_is_accepted(browser: Browser, root: User, cache_away: Callable[[], None]) -> None:
    cache_away()

    assert enter(browser).status_code == 503
    assert Session.objects.count() == 0


@pytest.mark.promise(43)
@pytest.mark.parametrize("name", ["\0", "x" * 5000, "", "ü" * 300, "root\0"])
def test_garbage_as_a_name_is_refused(browser: Browser, root: User, name: str) -> None:
    assert enter(browser, name=name).status_code == 200
    assert enter(browser, password=name).status_code == 200


def test_changing_the_password_requires_reauthentication(
    browser: Browser, root: User, later: Callable[..., None]
) -> None:
    enter(browser)
    assert browser.get("/admin/password_change/").status_code == 200
    later(minutes=11)
    to_prove = browser.get("/admin/password_change/").headers["Location"]

    assert to_prove == "/accounts/reauthenticate/?next=%2Fadmin%2Fpassword_change%2F"
    assert browser.post(to_prove, {"password": "wrong"}).status_code == 200
    assert browser.post(to_prove, {"password": PASSWORD}).headers["Location"] == "/admin/password_change/"
    assert browser.get("/admin/password_change/").status_code == 200


def test_secrets_of_factors_have_no_page_in_the_admin(browser: Browser, root: User) -> None:
    enter(browser)

    assert browser.get("/admin/mfa/authenticator/").status_code == 404
    assert b"mfa" not in browser.get("/admin/").content


def _same_page(one: Any, other: Any) -> bool:
    """Whether two pages differ only in what was typed and in the CSRF tokens of their forms."""

    def bare(answer: Any) -> str:
        text: str = answer.content.decode()
        for typed in (NAME, "nobody", "member"):
            text = text.replace(f'value="{typed}"', "")
        return "\n".join(line for line in text.splitlines() if "csrfmiddlewaretoken" not in line)

    return bare(one) == bare(other)
