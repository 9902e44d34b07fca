"""Reauthentication: what counts as one, for which act, and for how long (ADR 32)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Identity, User
from accounts.sessions import SessionStore
from accounts.sign_in.reauthentication.acts import ACTS, Act, act_of
from accounts.sign_in.reauthentication.decision import judge
from audit.models import Entry
from sandbox.server import Sandbox
from sandbox.visitor import Visitor
from tests.flows.conftest import Browser, another, refusals
from tests.flows.factors import add_app, details, with_words
from tests.flows.proofs import NEVER_DATED, UNDATED, prove_by_mail, proving
from tests.support.post import Post

pytestmark = pytest.mark.django_db

ADDRESS = "/accounts/email/"
CONNECT = "/accounts/connections/?connect"
DATED = ("keycloak", "microsoft")  # they report auth_time when a reauthentication is requested
NO_TIME = ["auth_time_bool", "auth_time_null", "auth_time_text", "auth_time_negative", "auth_time_huge"]
NO_TIME += ["auth_time_fraction", "auth_time_list", "auth_time_future"]


def opens(browser: Browser, address: str = ADDRESS) -> bool:
    """Whether a page that requires reauthentication opens."""
    answer = browser.get(address)
    assert answer.status_code in {200, 302}, answer.content
    assert answer.status_code == 200 or answer.headers["Location"] == proving(address)
    return bool(answer.status_code == 200)


def may(browser: Browser, act: Act) -> bool:
    """Return the decision for this browser's session."""
    request = HttpRequest()
    request.session = SessionStore(browser.key)
    request.user = User.objects.get(pk=browser.account or "")
    return judge(request, act).name != "STALE"


def sign_in_as(visitor: Visitor, browser: Browser, provider: str, persona: str, **parameters: str) -> Any:
    """Sign in with a browser that the provider knows: it answers by single sign-on if it may."""
    started = browser.start(provider, **parameters)
    assert started.status_code == 302, started.content
    return browser.get(visitor.pick(started.headers["Location"], persona))


@pytest.mark.promise(27)
def test_a_sign_in_answered_by_single_sign_on_is_not_a_reauthentication(
    browser: Browser, later: Callable[..., None]
) -> None:
    """The kind of fault: a fresh answer counts as a fresh authentication. What counts is its auth_time."""
    visitor = Visitor()
    sign_in_as(visitor, browser, "keycloak", "ada")
    assert opens(browser)
    later(minutes=11)
    assert sign_in_as(visitor, browser, "keycloak", "ada").headers["Location"] == "/accounts/"

    assert not opens(browser)
    assert browser.start("google", process="connect").headers["Location"] == proving(CONNECT)
    browser.post("/accounts/logout/")
    sign_in_as(visitor, browser, "keycloak", "ada")
    assert not opens(browser), "nor is signing out and in again"


@pytest.mark.promise(27)
def test_a_reauthentication_at_a_provider_counts_from_its_auth_time(
    browser: Browser, later: Callable[..., None]
) -> None:
    visitor = Visitor()
    sign_in_as(visitor, browser, "keycloak", "ada")
    later(minutes=8)
    sign_in_as(visitor, browser, "keycloak", "ada")
    assert opens(browser)
    later(minutes=10, seconds=5)

    assert not opens(browser), "it was noted as of then, not of the answer eight minutes later"


@pytest.mark.parametrize("asked", DATED)
@pytest.mark.promise(27)
def test_without_a_requested_auth_time_it_counts_only_together_with_a_code(
    browser: Browser, providers: Sandbox, later: Callable[..., None], asked: str
) -> None:
    """The kind of fault: a missing claim counts as a valid one."""
    browser.sign_in(asked, "ada")
    later(minutes=11)
    providers.set_fault(asked, "auth_time_missing")
    answer = browser.sign_in(asked, "ada", process="reauthenticate", next=ADDRESS)

    assert answer.headers["Location"] == proving(ADDRESS)
    assert not any(may(browser, act) for act in Act)
    assert prove_by_mail(browser, ADDRESS).headers["Location"] == ADDRESS
    assert opens(browser)


@pytest.mark.parametrize("asked", ["google", *DATED])
@pytest.mark.parametrize("fault", NO_TIME)
@pytest.mark.promise(27)
def test_an_invalid_auth_time_is_refused(browser: Browser, providers: Sandbox, asked: str, fault: str) -> None:
    browser.sign_in("github", "ada")
    before = browser.account
    providers.set_fault(asked, fault)

    for process in ("sign_in", "connect"):
        assert browser.sign_in(asked, "ada", process=process).status_code == 403
    assert browser.account == before
    assert Identity.objects.count() == 1


@pytest.mark.parametrize("asked", DATED)
@pytest.mark.parametrize("process", ["connect", "reauthenticate"])
@pytest.mark.promise(27)
def test_an_old_auth_time_is_refused_if_reauthentication_was_requested(
    browser: Browser, providers: Sandbox, asked: str, process: str
) -> None:
    browser.sign_in(*((asked, "ada") if process == "reauthenticate" else ("github", "ada")))
    providers.set_fault(asked, "auth_time_old")

    assert browser.sign_in(asked, "ada", process=process).status_code == 403
    assert refusals() == ["not_reauthenticated_at_provider"]


@pytest.mark.promise(27)
def test_keycloak_connects_nothing_without_auth_time(browser: Browser, providers: Sandbox) -> None:
    browser.sign_in("github", "ada")
    providers.set_fault("keycloak", "auth_time_missing")

    assert browser.connect("keycloak", "ada").status_code == 403
    assert refusals() == ["not_reauthenticated_at_provider"]


@pytest.mark.parametrize("silent", UNDATED)
@pytest.mark.promise(27)
def test_a_response_without_auth_time_counts_only_together_with_a_code(browser: Browser, silent: str) -> None:
    browser.sign_in(silent, "ada")
    browser.post("/accounts/logout/")
    browser.sign_in(silent, "ada")

    assert not any(may(browser, act) for act in Act)
    page = browser.get(proving(ADDRESS)).content
    assert (b"We mail a code to ada@example.com" in page) is (silent in NEVER_DATED), "Microsoft can be asked for more"
    assert (b"Done: you signed in with" in page) is (silent in NEVER_DATED)
    assert prove_by_mail(browser, ADDRESS).headers["Location"] == ADDRESS
    assert opens(browser)


@pytest.mark.parametrize("silent", NEVER_DATED)
@pytest.mark.promise(27)
def test_a_code_alone_is_not_enough(browser: Browser, later: Callable[..., None], silent: str) -> None:
    """Anyone at an open browser can read the mail in it too, so the provider must authenticate the person as well."""
    browser.sign_in(silent, "ada")
    later(minutes=11)
    half = prove_by_mail(browser, ADDRESS)

    assert half.headers["Location"] == proving(ADDRESS)
    assert not opens(browser)
    assert browser.sign_in(silent, "ada", process="reauthenticate", next=ADDRESS).headers["Location"] == ADDRESS
    assert opens(browser)
    later(minutes=11)
    assert not opens(browser)


@pytest.mark.promise(27)
def test_a_code_counts_for_the_act_it_was_mailed_for(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    prove_by_mail(browser, ADDRESS)

    assert [act for act in Act if may(browser, act)] == [Act.CONNECT, Act.EMAIL], "the first is of the new account"


@pytest.mark.parametrize("silent", NEVER_DATED)
@pytest.mark.promise(27)
def test_an_account_that_was_just_opened_here_may_connect_its_second_identity(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None], silent: str
) -> None:
    browser.sign_in(silent, "ada")
    assert not opens(browser), "that, and nothing else"
    elsewhere = new_browser()
    elsewhere.sign_in(silent, "ada")
    assert elsewhere.start("keycloak", process="connect").headers["Location"] == proving(CONNECT), "not opened there"

    assert browser.connect(another(silent), "ada").status_code == 302
    assert Identity.objects.count() == 2
    third = next(name for name in ("google", "github") if name not in {silent, another(silent)})
    if another(silent) not in DATED:
        assert browser.start(third, process="connect").headers["Location"] == proving(CONNECT)
    later(minutes=11)
    assert browser.start("keycloak", process="connect").headers["Location"] == proving(CONNECT)


@pytest.mark.promise(27)
def test_an_account_counts_as_new_for_ten_minutes(browser: Browser, later: Callable[..., None]) -> None:
    browser.sign_in("github", "ada")
    later(minutes=10, seconds=5)

    assert browser.start("google", process="connect").headers["Location"] == proving(CONNECT)


@pytest.mark.parametrize("silent", [*NEVER_DATED, "microsoft"])
@pytest.mark.parametrize("persona", ["nemo", "linus"])
@pytest.mark.promise(27)
def test_an_account_with_nothing_stronger_can_act_and_the_owner_is_told(
    browser: Browser, providers: Sandbox, post: Post, later: Callable[..., None], silent: str, persona: str
) -> None:
    providers.set_fault(silent, "auth_time_missing" if silent == "microsoft" else None)
    browser.sign_in(silent, persona)
    later(minutes=11)
    assert not opens(browser)
    page = browser.get(proving(ADDRESS)).content
    assert b"so signing in again is enough" in page or silent == "microsoft", "it may say when, until it was asked"
    assert browser.sign_in(silent, persona, process="reauthenticate", next=ADDRESS).headers["Location"] == ADDRESS

    assert opens(browser)
    assert details("reauthentication.sign_in_accepted") == []
    browser.post(ADDRESS, {"email": "another@example.com"})
    assert details("reauthentication.sign_in_accepted") == [{"act": "email"}]
    assert b"change your e-mail address" in browser.get("/accounts/").content
    later(minutes=11)
    assert not opens(browser)


@pytest.mark.promise(27)
def test_a_person_who_has_just_added_a_stronger_method_is_not_advised_to_add_one(browser: Browser) -> None:
    """The kind of fault: advice that the person has already followed."""
    browser.sign_in("github", "nemo")
    add_app(browser)
    page = browser.get("/accounts/").content

    assert b"A sign-in alone was enough to change your second factors" in page
    assert b"add a second factor" not in page


@pytest.mark.promise(27)
def test_an_act_after_a_mere_sign_in_is_mailed_to_the_contact(
    browser: Browser, post: Post, later: Callable[..., None], django_capture_on_commit_callbacks: Any
) -> None:
    browser.sign_in("github", "linus")
    browser.post("/accounts/logout/")
    browser.sign_in("github", "linus")
    with django_capture_on_commit_callbacks(execute=True):
        browser.connect("google", "linus")

    assert "connect another sign-in method" in str(post.to("linus@example.com").body)
    assert details("reauthentication.sign_in_accepted") == [{"act": "connect"}]


@pytest.mark.promise(27)
def test_a_missing_auth_time_of_keycloak_is_never_enough(browser: Browser, providers: Sandbox) -> None:
    providers.set_fault("keycloak", "auth_time_missing")
    browser.sign_in("keycloak", "nemo")

    assert browser.sign_in("keycloak", "nemo", process="reauthenticate", next=ADDRESS).headers["Location"] == proving(
        ADDRESS
    )
    assert not opens(browser)


@pytest.mark.promise(27)
def test_a_stronger_method_is_required_if_there_is_one(browser: Browser) -> None:
    browser.sign_in("github", "nemo")
    browser.connect("keycloak", "nemo")
    browser.post("/accounts/logout/")
    browser.sign_in("github", "nemo")

    assert not opens(browser)
    page = browser.get(proving(ADDRESS)).content
    assert b"/accounts/keycloak/login/" in page
    assert b"/accounts/github/login/" not in page


@pytest.mark.parametrize("asked", DATED)
@pytest.mark.promise(27, 45)
def test_a_second_factor_at_a_provider_counts_from_its_time(
    browser: Browser, providers: Sandbox, later: Callable[..., None], asked: str
) -> None:
    """The kind of fault: values that outlive single sign-on (``amr``) count as a fresh authentication."""
    with_words(providers, asked, amr=["mfa"])
    browser.sign_in(asked, "vera")
    add_app(browser)
    later(minutes=11)
    for fault in ("auth_time_old", "auth_time_missing"):
        providers.set_fault(asked, fault)
        assert browser.sign_in(asked, "vera").headers["Location"] == "/accounts/", "enough to come in"
        assert not opens(browser), fault
    providers.set_fault(asked, "auth_time_missing")
    browser.sign_in(asked, "vera", process="reauthenticate")
    assert not opens(browser)
    providers.set_fault(asked, None)
    browser.sign_in(asked, "vera", process="reauthenticate")
    assert opens(browser)


@pytest.mark.promise(27)
def test_disconnecting_requires_reauthentication(browser: Browser, provider: str, later: Callable[..., None]) -> None:
    browser.sign_in(provider, "ada")
    browser.connect(another(provider), "ada")
    later(minutes=11)
    page = f"/accounts/connections/{Identity.objects.get(provider=provider).pk}/disconnect/"

    assert browser.get(page).headers["Location"] == proving(page)
    assert browser.post(page).headers["Location"] == proving(page)
    assert Identity.objects.count() == 2
    assert not Entry.objects.filter(action="identity.unlinked").exists()


@pytest.mark.promise(27)
def test_every_act_has_a_url_and_every_url_its_act() -> None:
    given: dict[str, dict[str, object]] = {
        "disconnect": {"identity_id": 1},
        "remove-factor": {"factor_id": 1},
        "admin:connect_identity": {"reference": "7F3K-Q2"},
    }
    of_provider: dict[str, object] = {"provider_id": "google"}
    for name, act in ACTS.items():
        kwargs = of_provider if name.startswith("provider-") else given.get(name)
        assert act_of(reverse(name, kwargs=kwargs)) is act
    assert act_of("/admin/accounts/role/") is Act.ADMINISTER
    assert {act_of(path) for path in ("/accounts/", "/nowhere/", "", "//evil.example")} == {Act.OTHER}
