"""Headers and cookies of our pages, and which proxies are trusted."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client

from accounts.models import Session, User
from audit.models import Entry
from sandbox.server import Sandbox
from tests.console.crawler import Page
from tests.flows.conftest import Browser
from tests.support.proven import proven

pytestmark = pytest.mark.django_db

SIGNED_IN_PAGES = ["/accounts/", "/accounts/connections/", "/accounts/sessions/", "/accounts/logout/", "/api/v1/me"]
PAGES_WITH_BUTTONS = ["/accounts/login/", "/accounts/google/login/"]


def directives(response: Any) -> dict[str, list[str]]:
    parts = response.headers["Content-Security-Policy"].split(";")
    return {name: values for name, *values in (part.split() for part in parts if part.strip())}


@pytest.mark.promise(34)
def test_the_session_id_changes_at_sign_in_and_the_old_one_is_worthless(browser: Browser, provider: str) -> None:
    planted = "a" * 32
    browser.client.cookies["sessionid"] = planted
    browser.sign_in(provider, "ada")
    first = browser.client.cookies["sessionid"].value
    browser.sign_in(provider, "ada")
    second = browser.client.cookies["sessionid"].value

    assert len({planted, first, second}) == 3
    for worthless in (planted, first):
        stranger = Client()
        stranger.cookies["sessionid"] = worthless
        assert stranger.get("/api/v1/me").status_code == 401


@pytest.mark.promise(35)
def test_the_session_cookie_reveals_nothing_and_is_sent_nowhere_else(browser: Browser, provider: str) -> None:
    response = browser.sign_in(provider, "ada")
    morsel = response.cookies["sessionid"]

    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["domain"]) == (True, "Lax", "/", "")
    assert re.fullmatch(r"[a-z0-9]{32}", morsel.value)


@pytest.mark.promise(36)
def test_signing_out_ends_the_session(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    copy = Client()
    copy.cookies["sessionid"] = browser.client.cookies["sessionid"].value
    assert copy.get("/accounts/logout/").status_code == 200
    assert copy.get("/api/v1/me").status_code == 200

    response = browser.post("/accounts/logout/")
    assert response.headers["Location"] == "/accounts/login/"
    assert browser.account is None
    assert copy.get("/api/v1/me").status_code == 401
    assert Session.objects.count() == 0
    assert Entry.objects.filter(action="sign_out.succeeded").count() == 1


@pytest.mark.promise(39)
@pytest.mark.parametrize("path", PAGES_WITH_BUTTONS)
def test_pages_may_redirect_to_the_providers_and_run_no_scripts(
    browser: Browser, providers: Sandbox, path: str
) -> None:
    browser.sign_in("keycloak", "ada")
    browser.post("/accounts/logout/")
    response = browser.get(path)
    policy = directives(response)

    assert set(policy["form-action"]) == {"'self'", providers.base_url}
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == (["'none'"],) * 3
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert re.search(rb"<script|\son[a-z]+=|\sstyle=|<style", response.content) is None
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.promise(39)
@pytest.mark.parametrize("path", SIGNED_IN_PAGES)
def test_personal_pages_are_not_cached(browser: Browser, path: str) -> None:
    browser.sign_in("google", "bobby")
    response = browser.get(path)

    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    assert b"<b onmouseover" not in response.content or response.headers["Content-Type"].startswith("application/json")


@pytest.mark.promise(40)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1", "", "a b", "127.0.0.1:80:80"])
def test_an_unknown_host_is_refused(browser: Browser, host: str) -> None:
    assert browser.get("/accounts/login/", host=host).status_code == 400


@pytest.mark.promise(40)
@pytest.mark.parametrize(("proxies", "address"), [([], "127.0.0.1"), (["127.0.0.0/8"], "203.0.113.7")])
def test_forwarding_headers_count_from_configured_proxies_alone(
    browser: Browser, settings: Any, proxies: list[str], address: str
) -> None:
    settings.TRUSTED_PROXIES = [ip_network(text) for text in proxies]
    callback = browser.callback_url("google", "ada")
    browser.get(callback, **{"x-forwarded-for": "198.51.100.1, 203.0.113.7", "x-forwarded-host": "evil.example"})

    assert Session.objects.get().ip_address == address
    assert browser.get("/accounts/login/", **{"x-forwarded-host": "evil.example"}).status_code in {200, 302}


@pytest.mark.promise(40)
@pytest.mark.parametrize("told", ["garbage", "127.0.0.1", "1.2.3.4:port", "fe80::1%eth0", ",,,", "ü", "x" * 5000])
def test_a_forwarding_header_that_is_garbage_is_ignored(browser: Browser, settings: Any, told: str) -> None:
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    callback = browser.callback_url("google", "ada")

    assert browser.get(callback, **{"x-forwarded-for": told}).status_code == 302
    assert Session.objects.get().ip_address in {"127.0.0.1", None}


@pytest.mark.promise(41)
@pytest.mark.parametrize("path", ["/api/v1/me", "/accounts/", "/accounts/login/"])
def test_other_sites_scripts_read_nothing(browser: Browser, path: str) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "GET"}
    answers: list[Any] = [browser.get(path, **asked), browser.client.options(path, headers=asked)]

    assert [n for answer in answers for n in answer.headers if n.lower().startswith("access-control-")] == []


@pytest.mark.promise(42)
@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/.git/config",
        "/.git/HEAD",
        "/metrics",
        "/__debug__/",
        "/flower/",
        "/static/../.env",
        "/pyproject.toml",
    ],
)
def test_strangers_find_nothing_behind_the_scenes(new_browser: Callable[[], Browser], path: str) -> None:
    response = new_browser().get(path)

    assert response.status_code == 404
    assert b"Traceback" not in response.content
    assert b"urlpatterns" not in response.content


@pytest.mark.promise(30)
def test_what_a_provider_claims_makes_nobody_an_administrator(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "grace")  # with an administrator's roles and groups, if the provider has any
    session = Session.objects.get()

    assert session.user is not None
    assert (session.user.is_staff, session.user.is_superuser) == (False, False)
    assert browser.get("/admin/").status_code in {302, 403}


@pytest.mark.promise(31)
def test_a_deactivated_account_loses_its_session_at_the_next_request(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    person = Session.objects.get().user
    assert person is not None
    person.is_active = False
    person.save()

    assert browser.account is None
    assert browser.get("/accounts/").status_code == 302


def deactivate_on_their_page(administrator: Client, page: str) -> None:
    (form,) = [form for form in Page(administrator.get(page).content.decode()).forms if "is_active" in form.boxes]
    kept = {name: value for name, value in form.values.items() if name != "is_active"}
    assert administrator.post(page, kept).status_code == 302


def deactivate_with_others(administrator: Client, page: str) -> None:
    chosen = {"action": "deactivate", "_selected_action": [page.split("/")[-3]], "index": "0"}
    preview = administrator.post("/admin/accounts/user/", chosen).headers["Location"]
    assert administrator.post(preview, {"do": "confirm"}).status_code == 302


@pytest.mark.promise(28, 31)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deactivate", [deactivate_on_their_page, deactivate_with_others])
def test_a_person_whom_an_administrator_deactivates_is_signed_out_everywhere_for_good(
    browser: Browser, new_browser: Callable[[], Browser], deactivate: Callable[[Client, str], None]
) -> None:
    """When the account is active again, what was stolen before does not open it."""
    elsewhere = new_browser()
    browser.sign_in("google", "ada")
    elsewhere.sign_in("google", "ada")
    person = User.objects.get()
    administrator = proven(User.objects.create_superuser(username="root"))
    deactivate(administrator, f"/admin/accounts/user/{person.pk}/change/")

    assert (browser.account, elsewhere.account) == (None, None)
    assert browser.get("/accounts/sessions/").status_code == 302
    assert not Session.objects.filter(user=person).exists()
    assert new_browser().sign_in("google", "ada").status_code == 403
    ended = Entry.objects.filter(action="session.revoked", person=str(person.pk))
    assert ended.count() == 2
    assert {entry.actor_id for entry in ended} == {administrator.session["_auth_user_id"]}

    User.objects.filter(pk=person.pk).update(is_active=True)
    assert (browser.account, elsewhere.account) == (None, None)
