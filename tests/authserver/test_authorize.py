"""The authorization endpoint: whom it asks, whom it answers, and whom it never redirects to."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import Membership, Role, Tenant, User
from authserver import scopes
from authserver.authorization import consents
from authserver.models import Client, Consent, GrantType
from sandbox.server import Sandbox
from tenancy import site_context
from tests.support.apps import CALLBACK, SCOPES, App, answer_in, app
from tests.support.proven import proven

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


@pytest.fixture
def browser(ada: User) -> Browser:
    return proven(ada)


def allow(browser: Browser, page: Any, button: str = "action") -> Any:
    """Press a button of the consent page: by default the one that allows."""
    return browser.post(page.context[button])


def test_a_first_party_app_gets_a_code_and_tokens_without_a_page(browser: Browser, ada: User) -> None:
    own = app()

    found = own.tokens(browser, scope="openid profile email offline_access", nonce="n-1")

    assert found["token_type"] == "Bearer"
    assert found["expires_in"] == 600
    assert found["refresh_token"].startswith("vrt_")
    id_token = jwt.decode(found["id_token"], options={"verify_signature": False})
    assert id_token["sub"] == str(ada.pk)
    assert id_token["aud"] == own.client.client_id
    assert id_token["nonce"] == "n-1"
    assert id_token["email"] == "ada@example.org"
    access = jwt.decode(found["access_token"], options={"verify_signature": False})
    assert access["sub"] == str(ada.pk)
    assert access["aud"] == settings.PUBLIC_URL
    assert access["role"] == "user"
    assert jwt.get_unverified_header(found["access_token"])["typ"] == "at+jwt"


def test_every_answer_names_the_issuer_and_the_state(browser: Browser) -> None:
    own = app()

    granted = answer_in(own.authorize(browser))
    refused = answer_in(own.authorize(browser, scope="openid billing"))

    assert granted["iss"] == refused["iss"] == settings.PUBLIC_URL
    assert granted["state"] == refused["state"] == "a state"
    assert refused["error"] == "invalid_scope"
    assert "code" not in refused


@pytest.mark.promise(56)
@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?more"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "https://app.example:443/callback"},
        {"redirect_uri": "https://app.example@evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": f"{CALLBACK}\0"},
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "\0"},
    ],
)
def test_a_wrong_client_or_redirect_uri_shows_a_page_and_redirects_nowhere(
    browser: Browser, changed: dict[str, str | None]
) -> None:
    response = app().authorize(browser, **changed)

    assert response.status_code == 400
    assert "Location" not in response.headers
    assert b'id="authorization-refused"' in response.content


@pytest.mark.promise(56)
@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_shows_a_page(browser: Browser, name: str) -> None:
    own = app()

    response = browser.get(f"{own.url()}&{name}={own.parameters()[name]}")

    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": "[" * 20_000}, "invalid_request"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
        ({"resource": "https://api.example"}, "invalid_target"),
        ({"resource": "nowhere"}, "invalid_target"),
        ({"scope": "openid admin"}, "invalid_scope"),
    ],
)
def test_other_faults_are_answered_to_the_app(browser: Browser, changed: dict[str, str | None], error: str) -> None:
    answer = answer_in(app().authorize(browser, **changed))

    assert answer["error"] == error
    assert answer["error_description"]
    assert answer["iss"] == settings.PUBLIC_URL


def test_other_repeated_parameters_are_answered_to_the_app(browser: Browser) -> None:
    answer = answer_in(browser.get(f"{app().url()}&scope=openid"))

    assert answer["error"] == "invalid_request"


def test_a_client_without_the_grant_is_refused(browser: Browser) -> None:
    own = app(grants=[GrantType.CLIENT_CREDENTIALS])

    assert answer_in(own.authorize(browser))["error"] == "unauthorized_client"


@pytest.mark.promise(65)
def test_prompt_none_never_shows_a_page(browser: Browser) -> None:
    own, other = app(), app(is_first_party=False)

    assert answer_in(own.authorize(Browser(), prompt="none"))["error"] == "login_required"
    assert "code" in answer_in(own.authorize(browser, prompt="none"))
    assert answer_in(other.authorize(browser, prompt="none"))["error"] == "consent_required"
    assert answer_in(own.authorize(browser, prompt="none", max_age="0"))["error"] == "login_required"


def test_a_visitor_signs_in_and_comes_back_to_the_same_request() -> None:
    own = app()

    response = own.authorize(Browser())

    assert response.status_code == 303
    place = urlsplit(response.headers["Location"])
    assert place.path == "/accounts/login/"
    found = dict(parse_qsl(place.query))
    back = dict(parse_qsl(urlsplit(found["next"]).query))
    assert own.parameters().items() <= back.items()


def test_a_person_who_was_asked_to_sign_in_is_led_on_by_a_page(browser: Browser) -> None:
    """The harm: browsers stop a redirect that follows a form, if the form's page did not name the app (CSP 3)."""
    own, visitor = app(), Browser()
    sign_in = own.authorize(visitor).headers["Location"]
    back = dict(parse_qsl(urlsplit(sign_in).query))["next"]

    page = browser.get(back)

    assert page.status_code == 200
    assert page.headers["Refresh"].startswith(f"0; url={CALLBACK}?code=")
    assert f'href="{CALLBACK}?code='.encode() in page.content
    assert own.authorize(browser).status_code == 303, "without a page of ours, a redirect"


def test_authorization_by_post_reads_only_and_goes_on_by_get(browser: Browser) -> None:
    own = app()

    response = Browser(enforce_csrf_checks=True).post(
        "/oauth/authorize", urlencode(own.parameters()), content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 303
    assert response.headers["Location"].startswith("/oauth/authorize?")
    assert "code" in answer_in(browser.get(response.headers["Location"]))


def test_an_app_of_others_asks_the_person_once(browser: Browser, ada: User) -> None:
    theirs = app(is_first_party=False, name="Harbour")

    page = theirs.authorize(browser, scope="openid email")

    assert page.status_code == 200
    text = page.content.decode()
    assert "Harbour" in text
    assert "app.example" in text
    assert "see your e-mail address" in text
    assert text.rindex("<form") == text.index('<form method="post" action="/oauth/consent/')
    assert "code" in answer_in(allow(browser, page))
    assert "code" in answer_in(theirs.authorize(browser, scope="openid email", prompt="none"))
    assert theirs.authorize(browser, scope="openid profile").status_code == 200, "more is asked anew"
    consent = Consent.objects.get(user=ada)
    assert consent.scopes == ["openid", "email"]


def test_a_person_who_does_not_agree_is_sent_back_with_an_error(browser: Browser) -> None:
    theirs = app(is_first_party=False)

    answer = answer_in(allow(browser, theirs.authorize(browser), "refuse_url"))

    assert answer["error"] == "access_denied"
    assert not Consent.objects.exists()


def test_an_answer_counts_only_for_what_the_page_showed(browser: Browser) -> None:
    theirs = app(is_first_party=False)
    page = theirs.authorize(browser, scope="openid")
    more = page.context["action"].replace("scope=openid", "scope=openid+email")

    response = browser.post(more)

    assert response.status_code == 303
    assert response.headers["Location"].startswith("/oauth/authorize?")
    assert not Consent.objects.exists()


def test_going_on_is_no_consent_to_what_was_not_shown(browser: Browser, ada: User) -> None:
    own = app(is_first_party=False)
    allow(browser, own.authorize(browser, scope="openid email"))
    page = own.authorize(browser, scope="openid email", prompt="select_account")
    assert not page.context["asks"]
    consents.withdraw(Consent.objects.filter(user=ada), reason="owner")

    again = browser.get(allow(browser, page).headers["Location"])

    assert again.context["asks"]
    assert not Consent.objects.filter(withdrawn_at=None).exists()


def test_going_on_to_our_own_app_is_no_consent(browser: Browser) -> None:
    own = app()

    allow(browser, own.authorize(browser, prompt="select_account"))

    assert not Consent.objects.get().is_asked


def test_what_our_own_app_gets_without_asking_never_counts_as_agreed(browser: Browser) -> None:
    """A native program under the name of our own app is asked for all that no page has shown (RFC 8252, 8.6)."""
    native = "http://127.0.0.1/callback"
    own = app(redirect_uris=[CALLBACK, native], resources=["https://berths.example/"])
    allow(browser, own.authorize(browser, scope="openid", redirect_uri=native))
    own.tokens(browser, scope="openid email", resource="https://berths.example/")

    consent = Consent.objects.get()
    assert (consent.scopes, consent.asked_scopes) == (["openid", "email"], ["openid"])
    assert (consent.resources, consent.asked_resources) == (["https://berths.example/"], [])
    assert "code" in answer_in(own.authorize(browser, scope="openid", redirect_uri=native))
    for more in ({"scope": "openid email"}, {"resource": "https://berths.example/"}):
        assert own.authorize(browser, redirect_uri=native, **more).context["asks"]
        refused = answer_in(own.authorize(browser, redirect_uri=native, prompt="none", **more))
        assert refused["error"] == "consent_required"

    page = own.authorize(browser, scope="openid email", redirect_uri=native)
    assert list(page.context["wishes"]) == [scopes.BUILT_IN["openid"], scopes.BUILT_IN["email"]]
    allow(browser, page)
    assert Consent.objects.get().asked_scopes == ["openid", "email"]


def test_an_app_that_is_our_own_no_more_asks_for_what_it_had(browser: Browser) -> None:
    own = app()
    own.tokens(browser, scope="openid email")
    with site_context("a test changes an app"):
        Client.objects.update(is_first_party=False)
    assert own.authorize(browser, scope="openid").context["asks"]


def test_the_answer_needs_a_csrf_token(ada: User) -> None:
    theirs = app(is_first_party=False)
    strict = proven(ada, Browser(enforce_csrf_checks=True))

    page = theirs.authorize(strict)

    assert strict.post(page.context["action"]).status_code == 403


@pytest.mark.parametrize("uri", ["http://127.0.0.1/callback", "com.example.app:/callback"])
def test_a_native_app_always_asks_even_if_it_is_our_own(browser: Browser, uri: str) -> None:
    own = app(is_public=True, redirect_uris=[uri])

    first = own.authorize(browser)
    answer = allow(browser, first)
    again = own.authorize(browser)

    assert first.status_code == 200
    assert answer.headers["Location"].startswith(uri)
    assert again.status_code == 200
    assert answer_in(own.authorize(browser, prompt="none"))["error"] == "consent_required"


def test_a_loopback_port_is_free_for_native_apps(browser: Browser) -> None:
    own = app(is_public=True, redirect_uris=["http://127.0.0.1/callback"])

    assert own.authorize(browser, redirect_uri="http://127.0.0.1:51234/callback").status_code == 200
    assert own.authorize(browser, redirect_uri="http://127.0.0.1:51234/other").status_code == 400
    assert own.authorize(browser, redirect_uri="http://127.0.0.2:51234/callback").status_code == 400


def test_form_post_answers_with_a_page_that_works_without_script(browser: Browser) -> None:
    own = app()

    response = own.authorize(browser, response_mode="form_post")

    assert response.status_code == 200
    assert {"code", "state", "iss"} == response.context["fields"].keys()
    assert response.context["action"] == CALLBACK
    assert b'<button class="button" type="submit">' in response.content
    assert "form-action 'self' https://app.example" in response.headers["Content-Security-Policy"]
    refused = own.authorize(browser, response_mode="form_post", scope="openid billing")
    assert refused.context["fields"]["error"] == "invalid_scope"


def test_a_stopped_app_is_answered_with_a_page(browser: Browser) -> None:
    own = app()
    with site_context("a test stops an app"):
        Client.objects.filter(pk=own.client.pk).update(is_active=False)

    assert own.authorize(browser).status_code == 400


def test_single_claims_are_released_where_they_were_asked_for(browser: Browser) -> None:
    own = app()

    found = own.tokens(browser, claims=json.dumps({"id_token": {"email": {"essential": True}, "nonsense": None}}))

    id_token = jwt.decode(found["id_token"], options={"verify_signature": False})
    assert id_token["email"] == "ada@example.org"
    assert "name" not in id_token


def test_the_app_of_an_organization_serves_nobody_who_has_left(browser: Browser, ada: User) -> None:
    with site_context("a test makes a tenant with a member"):
        tenant = Tenant.objects.create(name="Engines")
        membership = Membership.objects.create(user=ada, tenant=tenant, role=Role.objects.get(name="member"))
    theirs = app(tenant=tenant)
    found = theirs.tokens(browser, scope="openid offline_access")
    with site_context("a test ends a membership"):
        membership.delete()

    bearer = {"Authorization": f"Bearer {found['access_token']}"}
    assert Browser().get("/oauth/userinfo", headers=bearer).status_code == 401
    assert theirs.refresh(found["refresh_token"]).status_code == 400


def test_single_claims_end_with_the_scope_that_releases_them(browser: Browser) -> None:
    own, asked = app(), json.dumps({"userinfo": {"email": None}, "id_token": {"name": None}})
    found = own.tokens(browser, scope="openid offline_access", claims=asked)
    _take_from(own, "email", "profile")

    new = own.refresh(found["refresh_token"]).json()  # type: ignore[attr-defined]

    assert "name" not in jwt.decode(new["id_token"], options={"verify_signature": False})
    userinfo: Any = Browser().get("/oauth/userinfo", headers={"Authorization": f"Bearer {new['access_token']}"})
    assert set(userinfo.json()) == {"sub"}


def test_a_code_gives_no_scope_that_the_app_has_lost_since(browser: Browser) -> None:
    own = app()
    code = answer_in(own.authorize(browser, scope="openid email offline_access"))["code"]
    _take_from(own, "email", "offline_access")

    found = own.redeem(code).json()  # type: ignore[attr-defined]

    assert found["scope"] == "openid"
    assert "refresh_token" not in found


def _take_from(own: App, *taken: str) -> None:
    with site_context("a test takes scopes from an app"):
        Client.objects.filter(pk=own.client.pk).update(scopes=[name for name in SCOPES if name not in taken])


def test_a_code_without_offline_access_gives_no_refresh_token(browser: Browser) -> None:
    assert "refresh_token" not in app().tokens(browser)


def test_a_person_sees_their_apps_and_stops_one(browser: Browser, ada: User) -> None:
    theirs = app(is_first_party=False, name="Harbour", token_format="opaque")  # a format
    code = answer_in(allow(browser, theirs.authorize(browser, scope="openid offline_access")))["code"]
    found: Any = theirs.redeem(code)
    refresh = found.json()["refresh_token"]

    page = browser.get("/accounts/apps/")
    assert "Harbour" in page.content.decode()
    assert browser.post(page.context["apps"][0].withdraw_url).status_code == 302

    assert "Harbour" not in browser.get("/accounts/apps/").content.decode()
    assert theirs.refresh(refresh).status_code == 400
    assert theirs.authorize(browser, scope="openid").status_code == 200, "it asks again"
    assert Consent.objects.filter(user=ada).exclude(withdrawn_at=None).count() == 1, "the row stays, marked"


def test_nobody_stops_the_app_of_another_person(browser: Browser) -> None:
    theirs = app(is_first_party=False)
    answer_in(allow(browser, theirs.authorize(browser)))
    other = proven(User.objects.create_user(name="Eve"))

    other.post(browser.get("/accounts/apps/").context["apps"][0].withdraw_url)

    assert Consent.objects.get().withdrawn_at is None


def test_using_another_account_signs_out_and_keeps_the_request(browser: Browser) -> None:
    theirs = app(is_first_party=False)
    page = theirs.authorize(browser, prompt="select_account")

    response = browser.post(page.context["switch_url"])

    assert response.status_code == 303
    found = dict(parse_qsl(urlsplit(response.headers["Location"]).query))
    assert found["account"] == "another"
    back = dict(parse_qsl(urlsplit(found["next"]).query))
    assert back["client_id"] == theirs.client.client_id
    assert "prompt" not in back
    assert browser.get("/accounts/apps/").status_code == 302, "signed out"


def test_the_app_of_an_organization_serves_its_members_only(browser: Browser, ada: User) -> None:
    with site_context("a test makes an organization"):
        tenant = Tenant.objects.create(name="Engines")
    theirs = app(is_first_party=False, tenant=tenant)

    assert answer_in(theirs.authorize(browser))["error"] == "access_denied"
    with site_context("a test adds a member"):
        role = Role.objects.create(name="clerk", tenant=tenant)
        Membership.objects.create(user=ada, tenant=tenant, role=role)
    page = theirs.authorize(browser, scope="openid profile")
    assert "Engines" in page.content.decode()
    found: Any = theirs.redeem(answer_in(allow(browser, page))["code"])
    access = jwt.decode(found.json()["access_token"], options={"verify_signature": False})
    assert access["tenant_id"] == str(tenant.pk)
    assert access["org_role"] == "clerk"
    assert access["organization_ids"] == [str(tenant.pk)]


def test_hints_choose_the_provider_and_the_account_there(providers: Sandbox) -> None:
    browser, own = Browser(), app()

    to_sign_in = own.authorize(browser, login_hint="ada@example.org", idp_hint="google").headers["Location"]
    to_google = browser.get(to_sign_in).headers["Location"]

    assert to_google.startswith("/accounts/google/login/")
    page = browser.get(to_google)
    assert "Continue with Google" in page.content.decode()
    assert browser.get(page.context["back"]).status_code == 200, "the way back offers every provider"
    sent = dict(parse_qsl(urlsplit(browser.post(to_google).headers["Location"]).query))
    assert sent["login_hint"] == "ada@example.org"


@pytest.mark.parametrize("hints", [{"idp_hint": "nobody"}, {"login_hint": "a\nb", "idp_hint": ""}])
def test_hints_that_mean_nothing_change_nothing(hints: dict[str, str], providers: Sandbox) -> None:
    browser, own = Browser(), app()
    to_sign_in = own.authorize(browser, **hints).headers["Location"]

    page = browser.get(to_sign_in)

    assert page.status_code == 200
    start = page.context["providers"][0].start_url
    assert "login_hint" not in dict(parse_qsl(urlsplit(browser.post(start).headers["Location"]).query))


def test_hints_of_our_own_pages_are_not_passed_on(providers: Sandbox) -> None:
    sent = Browser().post("/accounts/google/login/?login_hint=ada@example.org").headers["Location"]

    assert "login_hint" not in sent


def hint_of(own: App, person: User) -> str:
    token: str = own.tokens(proven(person))["id_token"]
    return token


def test_an_answer_is_never_for_another_person_than_the_one_expected(browser: Browser, ada: User) -> None:
    own, eve = app(), User.objects.create_user(name="Eve")
    hint = hint_of(own, eve)

    page = own.authorize(browser, id_token_hint=hint)

    assert page.status_code == 200
    assert "It expects a different account" in page.content.decode()
    assert page.context["action"] not in page.content.decode(), "there is nothing to agree to"
    assert browser.post(page.context["action"]).headers["Location"].startswith("/oauth/authorize?")
    assert answer_in(own.authorize(browser, id_token_hint=hint, prompt="none"))["error"] == "login_required"
    by_claim = json.dumps({"id_token": {"sub": {"value": str(eve.pk)}}})
    assert answer_in(own.authorize(browser, claims=by_claim, prompt="none"))["error"] == "login_required"


def test_the_person_expected_is_not_forgotten_while_somebody_signs_in(browser: Browser, ada: User) -> None:
    own, eve = app(), User.objects.create_user(name="Eve")
    page = own.authorize(browser, id_token_hint=hint_of(own, eve))

    onward = browser.post(page.context["switch_url"]).headers["Location"]
    back = dict(parse_qsl(urlsplit(onward).query))["next"]

    assert "It expects a different account" in proven(ada).get(back).content.decode()
    assert "code=" in proven(eve).get(back).content.decode()


@pytest.mark.parametrize("sub", ["\ud800", "\0"])
def test_a_requested_sub_that_cannot_be_one_is_refused(sub: str) -> None:
    found = answer_in(app().authorize(Browser(), claims=json.dumps({"id_token": {"sub": {"value": sub}}})))

    assert found["error"] == "invalid_request"


def test_a_request_that_names_two_people_is_refused(browser: Browser, ada: User) -> None:
    own, eve = app(), User.objects.create_user(name="Eve")
    by_claim = json.dumps({"id_token": {"sub": {"value": str(eve.pk)}}})

    answer = answer_in(own.authorize(browser, id_token_hint=hint_of(own, ada), claims=by_claim))

    assert answer["error"] == "invalid_request"


@pytest.mark.promise(57)
def test_in_production_the_switch_for_certification_is_ignored(browser: Browser, settings: Any) -> None:
    own = app(is_pkce_optional=True)
    without: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    assert "code" in answer_in(own.authorize(browser, **without))

    settings.PKCE_MAY_BE_OPTIONAL = False

    assert answer_in(own.authorize(browser, **without))["error"] == "invalid_request"
