"""Forward authentication: the exchanges of docs/forward-auth.md with each of the three proxies (ADR 67)."""

import time
from collections.abc import Callable
from io import StringIO
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import hypothesis
import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership, Session, User
from accounts.sign_in.rate_limits import Limit
from api.explaining import explain_host
from api.forward import pages, passes, rights
from audit.models import Entry
from authserver.models import ProtectedHost
from tenancy import site_context
from tests.support.gateways import FORWARD, PAGE, Caddy, Gateway, HostBrowser, Nginx, Traefik, example
from tests.support.keepers import join
from tests.support.proven import OF_WHOM, proven
from tests.support.services import clerk
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
WIKI = "https://wiki.example.com"
SCRIPT = {"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
GATEWAYS = {"nginx": Nginx, "traefik": Traefik, "caddy": Caddy}
NAMES = ("X-Vestibule-User", "X-Vestibule-Email", "X-Vestibule-Name", "X-Vestibule-Tenant", "X-Vestibule-Role")


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "vestibule"]


@pytest.fixture(params=GATEWAYS)
def gateway(request: pytest.FixtureRequest) -> Gateway:
    found: Gateway = GATEWAYS[request.param]()
    return found


@pytest.fixture
def wiki() -> ProtectedHost:
    return ProtectedHost.objects.create(name="Wiki", origin=WIKI)


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, "books:read", name="Ada")


def local(url: str) -> str:
    """Return the rest of a URL of ours."""
    assert url.startswith(f"{django_settings.PUBLIC_URL}/"), url
    return url.removeprefix(django_settings.PUBLIC_URL)


def path_at(url: str, origin: str = WIKI) -> str:
    assert url.startswith(f"{origin}/"), url
    return url.removeprefix(origin)


def enter(at_host: HostBrowser, here: Browser, path: str = "/") -> Any:
    """Open a page of the host in a browser that is signed in here, and return the answer in the end."""
    sent_here = at_host.get(path)
    assert sent_here.status == 302
    admitted = here.get(local(sent_here.location))
    assert admitted.status_code == 303, admitted.content
    back = at_host.get(path_at(admitted.headers["Location"], at_host.gateway.origin))
    assert (back.status, back.seen) == (302, None)
    return at_host.get(path_at(back.location, at_host.gateway.origin))


def page_of_refusal(at_host: HostBrowser, here: Browser) -> Any:
    """Return our page to which a person is sent who may not open the host."""
    return here.get(local(at_host.get("/").location))


def spell(**by: float) -> Callable[[Browser], None]:
    """Return what makes the sign-in in a browser older."""

    def older(here: Browser) -> None:
        session = here.session
        session[AUTHENTICATION_METHODS_SESSION_KEY][0]["at"] = time.time() - by["seconds"]
        session.save()

    return older


@pytest.mark.usefixtures("wiki")
def test_a_person_comes_back_to_the_page_and_the_application_knows_them(
    gateway: Gateway, ada: User, town: Town
) -> None:
    at_host = HostBrowser(gateway)
    found = enter(at_host, proven(ada), "/pages/7?a=1&b=%C3%BC")

    assert found.status == 200
    assert {name: found.seen[name] for name in NAMES} == {
        "X-Vestibule-User": str(ada.pk),
        "X-Vestibule-Email": "ada@example.com",
        "X-Vestibule-Name": "Ada",
        "X-Vestibule-Tenant": str(town.a.tenant.pk),
        "X-Vestibule-Role": "Ada of Abbey",
    }
    assert at_host.get("/style.css", SCRIPT).status == 200
    assert at_host.get("/pages", SCRIPT, method="POST").status == 200
    (entry,) = Entry.objects.filter(action="protected_host.opened")
    assert entry.details == {"origin": WIKI}
    for answer in gateway.asks:
        assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.usefixtures("wiki")
def test_the_cookies_of_the_host_are_guarded_and_no_other_is_touched(gateway: Gateway, ada: User) -> None:
    at_host = HostBrowser(gateway)
    at_host.cookies["sessionid"] = "the-application's"
    enter(at_host, proven(ada))

    assert at_host.cookies.keys() == {"sessionid", "__Host-vestibule_browser", "__Host-vestibule_pass"}
    for name in ("__Host-vestibule_browser", "__Host-vestibule_pass"):
        one = at_host.cookies[name]
        assert (one["secure"], one["httponly"], one["samesite"], one["path"], one["domain"]) == (
            True, True, "Lax", "/", "",
        )  # fmt: skip
    assert at_host.cookies["sessionid"].value == "the-application's"


@pytest.mark.usefixtures("wiki")
def test_our_promise_of_tls_is_not_made_for_the_host(gateway: Gateway) -> None:
    with override_settings(SECURE_HSTS_SECONDS=31_536_000):
        HostBrowser(gateway).get("/")
        assert "Strict-Transport-Security" in Browser().get("/oauth/jwks", secure=True).headers

    (answer,) = gateway.asks
    assert "Strict-Transport-Security" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.usefixtures("wiki")
def test_a_visitor_signs_in_first_and_a_page_leads_on(gateway: Gateway, ada: User) -> None:
    at_host, here = HostBrowser(gateway), Browser()
    sent_here = at_host.get("/pages/7")
    to_sign_in = here.get(local(sent_here.location))
    assert (to_sign_in.status_code, urlsplit(to_sign_in.headers["Location"]).path) == (303, "/accounts/login/")
    (then,) = parse_qs(urlsplit(to_sign_in.headers["Location"]).query)["next"]

    onward = proven(ada, here).get(then)
    assert (onward.status_code, b"Back to Wiki" in onward.content) == (200, True)
    url = onward.headers["Refresh"].removeprefix("0; url=")
    assert path_at(at_host.get(path_at(url)).location) == "/pages/7"


@pytest.mark.usefixtures("wiki")
@pytest.mark.parametrize(
    "headers",
    [SCRIPT, {"Accept": "application/json"}, {**PAGE, "Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Mode": "websocket"}],
)
def test_what_shows_no_page_is_refused_and_not_sent_around(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = HostBrowser(gateway).get("/", headers)

    assert (answer.status, answer.location, answer.seen) == (401, "", None)
    assert gateway.asks[-1].json()["code"] == "unauthenticated"
    assert gateway.asks[-1].headers["WWW-Authenticate"] == 'Cookie realm="vestibule"'
    assert HostBrowser(gateway).get("/", PAGE, method="POST").status == 401


@pytest.mark.usefixtures("wiki")
def test_forged_headers_never_reach_the_application(gateway: Gateway, ada: User) -> None:
    spelled = [name for one in NAMES for name in (one, one.replace("-", "_"), one.replace("-", "_", 1), one.lower())]
    forged = dict.fromkeys([*spelled, *(one[::-1].replace("-", "_", 1)[::-1] for one in NAMES)], "forged")
    at_host = HostBrowser(gateway)
    enter(at_host, proven(ada))
    found = at_host.get("/", {**PAGE, **forged})

    assert found.seen is not None
    assert "forged" not in found.seen.values()


@pytest.mark.promise(31)
@pytest.mark.usefixtures("wiki")
def test_what_ends_the_session_ends_the_pass_at_the_next_request(gateway: Gateway, ada: User) -> None:
    at_host, here = HostBrowser(gateway), proven(ada)
    enter(at_host, here)
    here.post("/accounts/logout/")
    assert at_host.get("/", SCRIPT).status == 401

    enter(at_host, proven(ada))
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert at_host.get("/", SCRIPT).status == 401


def test_a_host_decides_by_organization_role_and_scope(
    gateway: Gateway, wiki: ProtectedHost, ada: User, town: Town
) -> None:
    at_host, here = HostBrowser(gateway), proven(ada)
    enter(at_host, here)
    rules: dict[str, dict[str, Any]] = {
        "tenant": {"tenant": town.b.tenant},
        "org_role": {"org_roles": ["owner"]},
        "scope": {"scope": "books:write"},
        "role": {"role": "admin"},
    }
    for lacking, fields in rules.items():
        for name, value in fields.items():
            setattr(wiki, name, value)
        wiki.save()
        assert at_host.get("/", SCRIPT).status == 403
        assert [*lack_of(gateway)] == [lacking]
        page = page_of_refusal(at_host, here)
        assert (page.status_code, b"Wiki is not open to you" in page.content) == (403, True)
        wiki.tenant, wiki.org_roles, wiki.scope, wiki.role = None, [], "", ""
        wiki.save()
    refused = Entry.objects.filter(action="access.refused")
    assert {(entry.details or {})["operation"] for entry in refused} == {f"OPEN {WIKI}"}

    wiki.tenant, wiki.org_roles, wiki.scope = town.a.tenant, ["owner", "Ada of Abbey"], "books:read"
    wiki.save()
    assert at_host.get("/", SCRIPT).status == 200


@pytest.mark.parametrize("method", ["password", "mfa"])
@pytest.mark.parametrize("who", ["ada", "both", "root", "nobody"])
def test_what_is_explained_of_a_host_is_what_it_answers(
    wiki: ProtectedHost, ada: User, town: Town, who: str, method: str
) -> None:
    person = {"ada": ada, "both": town.both}.get(who) or User.objects.create_user(name=who)
    gateway = Traefik()
    at_host = HostBrowser(gateway)
    if who == "root":
        User.objects.filter(pk=person.pk).update(is_superuser=True)
        join(person, town.a, "owner")
    here = proven(person)
    if method == "mfa":
        add_factor(here, person)
    enter(at_host, here)

    @hypothesis.settings(deadline=None, max_examples=50)
    @given(
        rules=st.fixed_dictionaries(
            {
                "tenant": st.sampled_from([None, town.a.tenant, town.b.tenant]),
                "org_roles": st.lists(st.sampled_from(["owner", "member", "Ada of Abbey"]), max_size=2),
                "scope": st.sampled_from(["", "books:read", "books:write"]),
                "role": st.sampled_from(["", "admin"]),
                "fresh_minutes": st.sampled_from([None, 5]),
                "needs_second_factor": st.booleans(),
            }
        )
    )
    def agree(rules: dict[str, Any]) -> None:
        for name, value in rules.items():
            setattr(wiki, name, value)
        wiki.save()
        status = at_host.get("/", SCRIPT).status
        explained = explain_host(User.objects.get(pk=person.pk), wiki, has_factor=method == "mfa")

        assert [dict(lack) for lack in explained] == (gateway.asks[-1].json()["missing"] if status != 200 else [])

    agree()


def test_the_command_explains_a_host(wiki: ProtectedHost, ada: User, town: Town) -> None:
    wiki.tenant, wiki.needs_second_factor = town.b.tenant, True
    wiki.save()

    assert explained(user=str(ada.pk)) == f'{WIKI}: no, missing: tenant "{town.b.tenant.pk}"\n'
    assert explained(user=str(ada.pk), without_second_factor=True).endswith(', acr "mfa"\n')
    assert explained(user=str(town.both.pk), tenant=str(town.a.tenant.pk)) == f"{WIKI}: yes\n"
    ProtectedHost.objects.update(is_active=False)
    assert explained(user=str(town.both.pk)) == f'{WIKI}: no, missing: active "host_closed"\n'
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert "person_inactive" in explained(user=str(ada.pk))


@pytest.mark.parametrize(
    ("origin", "who"),
    [
        ("https://nothing.example.com", {"user": "root"}),
        (WIKI, {"user": "root", "scope": []}),
        (WIKI, {"client": "nothing"}),
        (f"{WIKI}/", {"user": "root"}),
    ],
)
@pytest.mark.usefixtures("wiki")
def test_only_people_and_listed_hosts_are_explained(origin: str, who: dict[str, Any]) -> None:
    User.objects.create_superuser(username="root")
    with pytest.raises(CommandError):
        call_command("explain", origin, **{"user": None, "service": None, **who})


def explained(**who: Any) -> str:
    out = StringIO()
    call_command("explain", WIKI, stdout=out, **who)
    return out.getvalue()


def add_factor(here: Browser, person: User) -> None:
    """Let a browser have signed in with a second factor."""
    session = here.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] += [{"method": "mfa", "at": time.time(), "type": "totp"}]
    session[OF_WHOM] = str(person.pk)
    session.save()


def test_a_superuser_who_is_a_member_has_their_role_on_the_site(
    gateway: Gateway, wiki: ProtectedHost, ada: User
) -> None:
    wiki.role = "admin"
    wiki.save()
    User.objects.filter(pk=ada.pk).update(is_superuser=True)

    assert enter(HostBrowser(gateway), proven(User.objects.get(pk=ada.pk))).status == 200


def lack_of(gateway: Gateway) -> dict[str, Any]:
    return {name: value for lack in gateway.asks[-1].json()["missing"] for name, value in lack.items()}


def test_a_member_of_two_organizations_is_who_they_are_in_that_of_the_host(
    gateway: Gateway, wiki: ProtectedHost, town: Town
) -> None:
    at_host, here = HostBrowser(gateway), proven(town.both)
    for side in (town.b, town.a):
        wiki.tenant = side.tenant
        wiki.save()
        if not at_host.get("/").seen:
            enter(at_host, here)
        seen = at_host.get("/").seen or {}
        assert seen["X-Vestibule-Tenant"] == str(side.tenant.pk)
    with site_context("a person leaves"):
        Membership.objects.filter(user=town.both, tenant=town.a.tenant).delete()
    assert at_host.get("/", SCRIPT).status == 403


def test_an_older_sign_in_is_renewed_and_leads_back(gateway: Gateway, wiki: ProtectedHost, ada: User) -> None:
    wiki.fresh_minutes = 5
    wiki.save()
    at_host, here = HostBrowser(gateway), proven(ada)
    enter(at_host, here)
    spell(seconds=400)(here)

    assert at_host.get("/", SCRIPT).status == 401
    assert lack_of(gateway) == {"fresh": 300}
    stale = page_of_refusal(at_host, here)
    assert (stale.status_code, urlsplit(stale.url).path) == (302, "/accounts/reauthenticate/")
    (then,) = parse_qs(urlsplit(stale.url).query)["next"]
    spell(seconds=0)(here)
    assert here.get(then).status_code == 200
    assert at_host.get("/").seen is not None


def test_a_second_factor_is_asked_for_and_a_page_says_so(gateway: Gateway, wiki: ProtectedHost, ada: User) -> None:
    wiki.needs_second_factor = True
    wiki.save()
    at_host, here = HostBrowser(gateway), proven(ada)
    page = page_of_refusal(at_host, here)
    assert (page.status_code, b"second factor" in page.content) == (403, True)

    add_factor(here, ada)
    assert enter(at_host, here).status == 200


@pytest.mark.usefixtures("wiki")
def test_an_admission_works_once_for_its_browser_at_its_host(gateway: Gateway, ada: User) -> None:
    ProtectedHost.objects.create(name="Board", origin="https://board.example.com")
    at_host, other, here = HostBrowser(gateway), HostBrowser(gateway), proven(ada)
    admission = path_at(here.get(local(at_host.get("/").location)).headers["Location"])

    other.get("/")
    elsewhere = HostBrowser(type(gateway)(origin="https://board.example.com"), at_host.cookies)
    for browser in (other, HostBrowser(gateway), elsewhere):
        lost = browser.get(admission)
        assert (lost.status, "__Host-vestibule_pass" in browser.cookies) == (302, False)
        page = here.get(local(lost.location))
        assert (page.status_code, b"Try again" in page.content) == (400, True)
        assert f'href="/oauth/admission?to={quote_plus(WIKI)}%2F"'.encode() in page.content or browser is elsewhere
    assert path_at(at_host.get(admission).location) == "/"
    again = HostBrowser(gateway, at_host.cookies)
    assert "lost" in again.get(admission).location
    assert at_host.get("/").status == 200


@pytest.mark.usefixtures("wiki")
def test_an_admission_is_over_after_a_minute(gateway: Gateway, ada: User, time_machine: Any) -> None:
    at_host, here = HostBrowser(gateway), proven(ada)
    admission = path_at(here.get(local(at_host.get("/").location)).headers["Location"])
    time_machine.move_to(time.time() + 61)

    assert "lost" in at_host.get(admission).location


@pytest.mark.usefixtures("wiki")
def test_a_pass_counts_at_its_host_alone_and_cannot_be_made(gateway: Gateway, ada: User) -> None:
    board = ProtectedHost.objects.create(name="Board", origin="https://board.example.com")
    at_host, here = HostBrowser(gateway), proven(ada)
    enter(at_host, here)
    at_board = HostBrowser(type(gateway)(origin=board.origin), at_host.cookies)
    assert at_board.get("/", SCRIPT).status == 401

    value = at_host.cookies["__Host-vestibule_pass"].value
    key, _, code = value.partition(".")
    for wrong in (key, f"{key}.", f"{key}.{code[:-1]}0x", f".{code}", f"{key}.ü", here.cookies["sessionid"].value):
        at_host.cookies["__Host-vestibule_pass"] = wrong
        assert at_host.get("/", SCRIPT).status == 401
    assert here.get("/accounts/", headers={"Cookie": f"sessionid={key}"}).status_code == 302


@pytest.mark.usefixtures("wiki")
def test_nginx_asks_about_its_own_host_whichever_one_a_request_names(ada: User) -> None:
    board = ProtectedHost.objects.create(name="Board", origin="https://board.example.com")
    at_board = HostBrowser(Nginx(origin=board.origin))
    assert enter(at_board, proven(ada)).status == 200

    at_host = HostBrowser(Nginx(), at_board.cookies)
    assert at_host.get("/", {**SCRIPT, "Host": "board.example.com"}).status == 401


def test_a_host_that_is_switched_off_or_unknown_is_closed(gateway: Gateway, wiki: ProtectedHost, ada: User) -> None:
    at_host = HostBrowser(gateway)
    enter(at_host, proven(ada))
    wiki.is_active = False
    wiki.save()

    answer = at_host.get("/")
    assert (answer.status, answer.location, answer.seen) == (403, "", None)
    (entry,) = Entry.objects.filter(action="protected_host.refused")
    assert entry.details == {"origin": WIKI, "reason": "host_unknown"}


@pytest.mark.usefixtures("wiki")
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://wiki.example.com", "https://wiki.example.com.", "https://wiki.example.com:444"],
)
def test_another_host_is_nobodys(gateway: Gateway, origin: str) -> None:
    gateway.origin = origin
    answer = HostBrowser(gateway).get("/")
    assert (answer.status, answer.location) == (403, "")


NGINX = {"X-Original-URL": f"{WIKI}/", "X-Original-Method": "GET"}
PARTS = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "wiki.example.com",
    "X-Forwarded-Uri": "/",
    "X-Forwarded-Method": "GET",
}


def asked(headers: dict[str, str], **more: Any) -> Any:
    return Browser(raise_request_exception=False).get(FORWARD, headers={**PAGE, **headers}, **more)


@pytest.mark.promise(40)
@pytest.mark.usefixtures("wiki")
def test_only_a_trusted_proxy_may_ask() -> None:
    for headers in (NGINX, PARTS):
        assert asked(headers).status_code in {302, 401}
        assert asked(headers, REMOTE_ADDR="203.0.113.7").status_code == 403
    assert asked({}).status_code == 403


@pytest.mark.promise(40)
@pytest.mark.usefixtures("wiki")
@pytest.mark.parametrize(
    "headers",
    [
        {**NGINX, **PARTS},
        {**PARTS, "X-Original-URL": "https://evil.example/"},
        {"X-Forwarded-Uri": "/"},
        {**PARTS, "X-Forwarded-Host": "wiki.example.com, evil.example"},
        {**PARTS, "X-Forwarded-Host": "evil.example\\@wiki.example.com"},
        {**PARTS, "X-Forwarded-Host": "wiki.example.com/"},
        {**PARTS, "X-Forwarded-Host": "WIKI.example.com"},
        {**PARTS, "X-Forwarded-Host": "x" * 30_000},
        {**PARTS, "X-Forwarded-Host": "wiki.example.com\0"},
        {**PARTS, "X-Forwarded-Proto": "javascript"},
        {**PARTS, "X-Forwarded-Proto": "https, http"},
        {"X-Original-URL": "//wiki.example.com/"},
        {"X-Original-URL": "https://wiki.example.com@evil.example/"},
        {"X-Original-URL": ""},
        {"X-Original-URL": "https://"},
    ],
)
def test_a_question_that_can_be_read_in_two_ways_is_refused(headers: dict[str, str]) -> None:
    answer = asked(headers)
    assert (answer.status_code, "Location" in answer.headers, len(answer.cookies)) == (403, False, 0)


@pytest.mark.usefixtures("wiki")
def test_a_websocket_has_the_scheme_of_its_page(ada: User) -> None:
    at_host = HostBrowser(Traefik())
    enter(at_host, proven(ada))
    cookie = f"__Host-vestibule_pass={at_host.cookies['__Host-vestibule_pass'].value}"
    assert asked({**PARTS, "X-Forwarded-Proto": "wss", "Cookie": cookie}).status_code == 204


@pytest.mark.usefixtures("wiki")
@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "@evil.example", "/a b", "/ü", "/a\r\nX: y", "/" + "x" * 3000, ".evil/"],
)
def test_people_come_back_to_the_host_and_nowhere_else(path: str, ada: User) -> None:
    answer = asked({**PARTS, "X-Forwarded-Uri": path})
    (to,) = parse_qs(urlsplit(answer.headers["Location"]).query)["to"]
    assert (urlsplit(to).scheme, urlsplit(to).netloc) == ("https", "wiki.example.com")

    here = proven(ada)
    for url in (f"{WIKI}{path}", to):
        sent = here.get(f"/oauth/admission?{urlencode({'to': url, 'browser': 'x' * 43})}")
        assert sent.status_code == 400 or sent.headers["Location"].startswith(f"{WIKI}{passes.PATH}?admission=")


@pytest.mark.usefixtures("wiki")
@pytest.mark.parametrize(
    "to", ["", "https://evil.example/", f"{WIKI}@evil.example/", "javascript:alert(1)", "x\0", "/a"]
)
def test_our_page_sends_nobody_to_a_host_that_is_not_listed(to: str, ada: User) -> None:
    page = proven(ada).get("/oauth/admission", {"to": to, "browser": "x" * 43})

    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert b"We do not know this page" in page.content
    assert Entry.objects.filter(action="protected_host.refused").exists()


@pytest.mark.usefixtures("wiki")
@pytest.mark.parametrize(("times", "comes_back"), [(150, True), (200, False)])
def test_a_long_address_is_kept_through_the_sign_in_or_left_at_once(*, times: int, comes_back: bool) -> None:
    path = "/" + "%C3%BC" * times
    answer = asked({**PARTS, "X-Forwarded-Uri": path})
    to_sign_in = Browser().get(local(answer.headers["Location"]))
    (then,) = parse_qs(urlsplit(to_sign_in.headers["Location"]).query)["next"]

    assert parse_qs(urlsplit(then).query)["to"] == [f"{WIKI}{path if comes_back else '/'}"]


@pytest.mark.usefixtures("wiki")
def test_a_bookmark_of_our_page_begins_at_the_host(ada: User) -> None:
    for browser in ("", "short", "ü" * 43):
        answer = proven(ada).get("/oauth/admission", {"to": f"{WIKI}/a", "browser": browser})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{WIKI}/")
    assert proven(ada).head("/oauth/admission", {"to": f"{WIKI}/a", "browser": "x" * 43}).status_code == 405


@pytest.mark.usefixtures("wiki")
def test_a_script_that_opens_the_page_again_and_again_is_stopped(
    ada: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.RATE_LIMITS_EXEMPT = []
    limit = Limit(kind="admissions", most=1, seconds=60)
    monkeypatch.setattr(pages, "ADMISSIONS", limit)
    here = proven(ada)
    answers = [here.get("/oauth/admission", {"to": f"{WIKI}/", "browser": "x" * 43}).status_code for _ in range(3)]
    assert answers[-1] == 429


@pytest.mark.usefixtures("wiki")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Ada\r\nX-Vestibule-Role: owner", "Ada%0D%0AX-Vestibule-Role: owner"),
        ("Bücher, 100 %", "B%C3%BCcher%2C 100 %25"),
        ("  愛  ", "%E6%84%9B"),
        ("x" * 255, "x" * 64),
    ],
)
def test_a_name_is_one_harmless_line(gateway: Gateway, ada: User, name: str, value: str) -> None:
    User.objects.filter(pk=ada.pk).update(name=name, email_verified=False)
    found = HostBrowser(gateway)
    seen = enter(found, proven(ada)).seen
    assert seen["X-Vestibule-Name"] == value
    assert not seen.get("X-Vestibule-Email")
    answer = gateway.asks[-1]
    assert all(name in answer.headers for name in NAMES)


@pytest.mark.usefixtures("wiki")
def test_using_the_application_uses_the_session(gateway: Gateway, ada: User) -> None:
    at_host = HostBrowser(gateway)
    enter(at_host, proven(ada))
    long_ago = "2026-01-01T00:00:00Z"
    Session.objects.update(last_seen_at=long_ago)
    at_host.get("/")
    assert Session.objects.get().last_seen_at.isoformat() > long_ago


@pytest.mark.usefixtures("wiki")
def test_an_answer_costs_two_statements(ada: User, django_assert_num_queries: Any) -> None:
    at_host = HostBrowser(Traefik())
    enter(at_host, proven(ada))
    with django_assert_num_queries(2):
        assert at_host.get("/", SCRIPT).status == 200


@pytest.mark.parametrize("origin", ["https://wiki.example.com/", "*", "http://wiki.example.com", "wiki.example.com"])
def test_only_an_origin_can_be_listed(origin: str) -> None:
    with pytest.raises(ValidationError):
        ProtectedHost(name="Wiki", origin=origin).full_clean()


def test_a_name_is_listed_with_one_port_alone(wiki: ProtectedHost) -> None:
    """Traefik and Caddy choose the application by the name, and ask about the port that a request names."""
    wiki.full_clean()
    ProtectedHost(name="Wiki", origin="https://wiki.example.com.au").full_clean()
    for port in (":444", ":8443"):
        with pytest.raises(ValidationError, match="another port"):
            ProtectedHost(name="Board", origin=WIKI + port).full_clean()
    with pytest.raises(ValidationError, match="Write it as browsers do"):
        ProtectedHost(name="Board", origin="https://[::").full_clean()


def test_the_examples_name_every_header() -> None:
    named = {rights.USER, rights.EMAIL, rights.NAME, rights.TENANT, rights.ROLE}
    assert named == set(NAMES)
    assert all(Traefik().copies(name) and Caddy().copies(name) for name in NAMES)
    assert all(f"proxy_set_header {name} " in example("nginx") for name in NAMES)
