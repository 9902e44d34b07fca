"""Access tokens at our own endpoints: where they may stand, and when they stop counting."""

import base64
import json
import time
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Role, Tenant, User
from authserver.keys import pairs, ring
from authserver.models import AccessToken, Client, Consent, SigningAlgorithm, TokenFamily, TokenFormat
from authserver.protocol.bearer_credential import BearerError
from authserver.tokens import bearer, jwts, validity
from tenancy import site_context
from tests.support.authorized import App, later
from tests.support.oauth import basic, registered, token_request

pytestmark = pytest.mark.django_db
USERINFO = "/oauth/userinfo"
FORMATS = pytest.mark.parametrize("form", [TokenFormat.JWT, TokenFormat.OPAQUE])


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)


@pytest.fixture
def app() -> App:
    return App.registered()


def userinfo(token: str, **headers: str) -> Any:
    return Browser().get(USERINFO, headers={"Authorization": f"Bearer {token}", **headers})


def why_not(token: str) -> str:
    with pytest.raises(BearerError) as refused:
        bearer.check(token)
    assert refused.value.status == 401
    assert refused.value.code == "invalid_token"
    return refused.value.reason


def change_client(client: Client, **columns: Any) -> None:
    with site_context("a test changes an app"):
        Client.objects.filter(pk=client.pk).update(**columns)


def signed(claims: dict[str, Any], **header: Any) -> str:
    """Return a token signed with our key, with any header."""
    pair = ring.current().signer(SigningAlgorithm.RS256)
    return jwt.encode(claims, pair.private, algorithm="RS256", headers={"kid": pair.kid, "typ": "at+jwt", **header})


# What a token says


@FORMATS
def test_a_persons_token_is_read_by_one_statement(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form)
    token = app.tokens(ada)["access_token"]

    with CaptureQueriesContext(connection) as asked:
        found = bearer.check(token)

    statements = [one["sql"] for one in asked if "tokensigningkey" not in one["sql"]]  # read every two seconds
    assert len(statements) == 1
    assert (found.client, found.user_id, found.subject) == (app.client, ada.pk, str(ada.pk))
    assert set(found.scopes) == {"openid", "email", "profile", "offline_access"}
    assert found.audience == (settings.PUBLIC_URL,)
    assert found.family == TokenFamily.objects.get()
    assert bool(found.jti) == (form is TokenFormat.JWT)
    assert 0 < found.expires_at - time.time() <= 600
    assert abs(found.issued_at - time.time()) < 60


@FORMATS
def test_a_token_of_an_app_in_its_own_name_has_no_person(form: TokenFormat) -> None:
    client, secret = registered(scopes=["reports:read"], token_format=form)
    fields = {"grant_type": "client_credentials", "scope": "reports:read"}
    answer: Any = token_request(Browser(), fields, basic(client.client_id, secret)).json()  # type: ignore[attr-defined]

    found = bearer.check(answer["access_token"])

    assert (found.user_id, found.family, found.subject) == (None, None, str(client.pk))
    assert found.scopes == ("reports:read",)


# Where a token may stand (RFC 6750, section 2)


@pytest.mark.promise(67)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_bearer_in_any_letter_case(ada: User, app: App, scheme: str) -> None:
    token = app.tokens(ada)["access_token"]
    assert Browser().get(USERINFO, headers={"Authorization": f"{scheme} {token}"}).status_code == 200


@pytest.mark.promise(67)
def test_a_request_without_a_token_is_challenged_without_an_error_code() -> None:
    for headers in ({}, {"Authorization": ""}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bear er"}):
        answer: Any = Browser().get(USERINFO, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="vestibule"'
        assert answer.json().keys() == {"error_description"}


@pytest.mark.promise(67)
def test_a_token_in_the_url_or_in_a_form_is_refused_even_beside_a_good_header(ada: User, app: App) -> None:
    token = app.tokens(ada)["access_token"]
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        in_url: Any = Browser().get(f"{USERINFO}?access_token={token}", headers=headers)
        in_body: Any = Browser().post(
            USERINFO, f"access_token={token}", content_type="application/x-www-form-urlencoded", headers=headers
        )
        for answer in (in_url, in_body):
            assert answer.status_code == 400
            assert answer.json()["error"] == "invalid_request"
            assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


@pytest.mark.promise(67)
@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer a,Bearer b", "Bearer a b", "Bearer a,b", "Bearer =", "Bearer ä", "Bearer İ"]
)
def test_a_header_that_is_not_one_token_is_refused_as_malformed(header: str) -> None:
    answer: Any = Browser().get(USERINFO, headers={"Authorization": header.encode().decode("latin-1")})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.promise(67)
def test_two_authorization_headers_are_refused(ada: User, app: App) -> None:
    token = app.tokens(ada)["access_token"]
    joined = f"Bearer {token},Bearer {token}"  # as servers join them (RFC 9110, section 5.3)
    answer: Any = Browser().get(USERINFO, headers={"Authorization": joined})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


# What is no access token of ours


@pytest.mark.promise(69)
def test_id_tokens_refresh_tokens_and_logout_tokens_are_no_access_tokens(ada: User, app: App) -> None:
    tokens = app.tokens(ada)
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    logout = jwts.sign(claims, typ=jwts.LOGOUT, algorithm=SigningAlgorithm.RS256)
    for other in (tokens["id_token"], tokens["refresh_token"], logout, "", "x", "a.b.c", "vat_", "vat_x", "vrt_x"):
        assert why_not(other)


@pytest.mark.promise(68)
def test_tokens_that_we_did_not_sign_are_refused(ada: User, app: App) -> None:
    token = app.tokens(ada)["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    header, payload, signature = token.split(".")
    kid = jwt.get_unverified_header(token)["kid"]
    pem = ring.current().signer(SigningAlgorithm.RS256).public
    bare = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt", "kid": kid}).encode()).decode()
    changed = base64.urlsafe_b64encode(json.dumps(claims | {"sub": str(uuid4())}).encode()).rstrip(b"=").decode()
    mac = jwt.encode(claims, str(pem)[:40] * 2, algorithm="HS256", headers={"kid": kid, "typ": "at+jwt"})
    foreign = signed_by_others(claims, kid)
    for other in (
        f"{bare.rstrip('=')}.{payload}.",
        f"{header}.{changed}.{signature}",
        mac,
        foreign,
        signed(claims, crit=["exp"]),
        signed(claims, typ="JWT"),
        signed(claims, kid="unknown"),
    ):
        assert why_not(other)
    assert why_not(token + "=")
    bearer.check(token)


def signed_by_others(claims: dict[str, Any], kid: str) -> str:
    other = pairs.generate(SigningAlgorithm.RS256)
    return jwt.encode(
        claims,
        other.private,
        algorithm="RS256",
        headers={"kid": kid, "typ": "at+jwt", "jwk": other.public_jwk, "jku": "http://127.0.0.1:9/keys"},
    )


@pytest.mark.promise(69)
@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"}, {"exp": 1}, {"exp": None}, {"iat": 10**11}, {"iat": None}, {"sub": None},
        {"sub": ["a"]}, {"jti": None}, {"client_id": "nobody"}, {"client_id": None}, {"scope": ["openid"]},
        {"sub": str(UUID(int=7))}, {"family": str(UUID(int=7))}, {"family": None}, {"client_epoch": 1}, {"exp": "soon"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_with_a_wrong_claim_is_refused_though_we_signed_it(ada: User, app: App, wrong: dict[str, Any]) -> None:
    claims = jwt.decode(app.tokens(ada)["access_token"], options={"verify_signature": False})
    bearer.check(signed(claims))
    given = {name: value for name, value in (claims | wrong).items() if value is not None}
    assert why_not(signed(given))


@pytest.mark.promise(69)
def test_a_token_for_another_resource_server_is_none_for_us(ada: User) -> None:
    app = App.registered(resources=["https://api.example"])
    code = app.authorized(ada, resources=["https://api.example"])
    token = app.redeem(code).json()["access_token"]

    assert bearer.check(token).audience == ("https://api.example",)
    answer = userinfo(token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


# When a token stops counting


@FORMATS
def test_a_token_counts_until_it_expires(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form)
    token = app.tokens(ada)["access_token"]
    later(minutes=11)
    if form is TokenFormat.OPAQUE:
        assert why_not(token) == "expired"
        return
    claims = jwt.decode(token, options={"verify_signature": False})
    assert why_not(signed(claims | {"exp": int(time.time())})) == "expired"


@FORMATS
@pytest.mark.promise(31)
def test_the_tokens_of_a_deactivated_person_are_refused_at_the_next_request(ada: User, form: TokenFormat) -> None:
    token = App.registered(token_format=form).tokens(ada)["access_token"]
    assert userinfo(token).status_code == 200

    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert userinfo(token).status_code == 401
    assert why_not(token) == "account_cut_off"

    User.objects.filter(pk=ada.pk).update(is_active=True)
    assert why_not(token) == "account_cut_off"  # activated again, the account has another not_before


@FORMATS
@pytest.mark.promise(31)
def test_the_tokens_of_a_person_who_was_cut_off_are_refused(ada: User, form: TokenFormat) -> None:
    token = App.registered(token_format=form).tokens(ada)["access_token"]
    User.objects.filter(pk=ada.pk).update(not_before=timezone.now())
    assert why_not(token) == "account_cut_off"


@FORMATS
@pytest.mark.promise(86)
def test_a_stopped_client_is_refused_at_the_next_request(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form)
    token = app.tokens(ada)["access_token"]
    change_client(app.client, is_active=False)
    assert userinfo(token).status_code == 401
    assert why_not(token) == "client_stopped"


@FORMATS
@pytest.mark.promise(86)
@pytest.mark.parametrize("owner", ["person", "client"])
def test_what_a_client_got_before_it_was_cut_off_is_refused(ada: User, form: TokenFormat, owner: str) -> None:
    if owner == "person":
        app = App.registered(token_format=form)
        client, token = app.client, app.tokens(ada)["access_token"]
    else:
        client, secret = registered(token_format=form)
        answer: Any = token_request(Browser(), {"grant_type": "client_credentials"}, basic(client.client_id, secret))
        token = answer.json()["access_token"]
    bearer.check(token)
    change_client(client, not_before=timezone.now())
    assert why_not(token) == "client_cut_off"


@FORMATS
@pytest.mark.promise(86)
def test_a_withdrawn_consent_is_refused_at_the_next_request(ada: User, form: TokenFormat) -> None:
    token = App.registered(token_format=form).tokens(ada)["access_token"]
    Consent.objects.update(withdrawn_at=timezone.now())
    assert userinfo(token).status_code == 401
    assert why_not(token) == "consent_withdrawn"


@FORMATS
@pytest.mark.promise(64)
def test_access_tokens_die_with_their_family(ada: User, form: TokenFormat) -> None:
    token = App.registered(token_format=form).tokens(ada)["access_token"]
    TokenFamily.objects.update(revoked_at=timezone.now())
    assert why_not(token) == "family_revoked"
    TokenFamily.objects.update(revoked_at=None, expires_at=timezone.now())
    assert why_not(token) == "family_over"
    TokenFamily.objects.all().delete()
    assert why_not(token) == ("family_unknown" if form is TokenFormat.JWT else "unknown")


@FORMATS
def test_the_tokens_of_a_deleted_client_are_refused(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form)
    token = app.tokens(ada)["access_token"]
    with site_context("a test deletes an app"):
        app.client.delete()
    assert why_not(token) == ("client_unknown" if form is TokenFormat.JWT else "unknown")
    assert not AccessToken.objects.exists()


@FORMATS
def test_the_client_of_a_tenant_is_found_in_any_context(ada: User, form: TokenFormat) -> None:
    with site_context("a test creates a tenant"):
        tenant = Tenant.objects.create(name="Dock")
        Membership.objects.create(user=ada, tenant=tenant, role=Role.objects.get(name="member"))
    app = App.registered(token_format=form, tenant=tenant)
    assert bearer.check(app.tokens(ada)["access_token"]).client == app.client


# What was taken since it was issued

BERTHS = "https://berths.example/"


@FORMATS
@pytest.mark.promise(86)
def test_what_was_taken_from_the_client_since_is_taken_from_its_tokens(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form, resources=[BERTHS])
    token = app.tokens(ada, resources=[settings.PUBLIC_URL, BERTHS])["access_token"]
    assert bearer.check(token).audience == (settings.PUBLIC_URL, BERTHS)

    change_client(app.client, scopes=["openid"], resources=[])

    with CaptureQueriesContext(connection) as asked:
        found = bearer.check(token)
    assert (found.scopes, found.audience) == (("openid",), (settings.PUBLIC_URL,))
    assert len([one for one in asked if "tokensigningkey" not in one["sql"]]) == 1
    change_client(app.client, scopes=[])
    assert userinfo(token).status_code == 403


@FORMATS
@pytest.mark.promise(86)
def test_a_token_for_a_resource_that_the_client_may_not_name_any_more_is_for_nobody(
    ada: User, form: TokenFormat
) -> None:
    app = App.registered(token_format=form, resources=[BERTHS])
    token = app.tokens(ada, resources=[BERTHS])["access_token"]
    change_client(app.client, resources=["https://other.example/"])
    assert why_not(token) == "resources_taken"


@FORMATS
@pytest.mark.promise(86)
def test_a_client_in_its_own_name_keeps_no_scope_that_was_taken(form: TokenFormat) -> None:
    client, secret = registered(scopes=["reports:read", "reports:write"], token_format=form)
    fields = {"grant_type": "client_credentials", "scope": "reports:read reports:write"}
    answer: Any = token_request(Browser(), fields, basic(client.client_id, secret)).json()  # type: ignore[attr-defined]
    change_client(client, scopes=["reports:read"])
    assert bearer.check(answer["access_token"]).scopes == ("reports:read",)


@FORMATS
@pytest.mark.promise(86)
@pytest.mark.parametrize("is_of_tenant", [True, False], ids=["an app of the tenant", "an app of the site"])
def test_a_person_who_has_left_an_organization_does_not_act_in_it(
    ada: User, form: TokenFormat, *, is_of_tenant: bool
) -> None:
    with site_context("a test creates a tenant"):
        tenant = Tenant.objects.create(name="Dock")
        membership = Membership.objects.create(user=ada, tenant=tenant, role=Role.objects.get(name="member"))
    app = App.registered(token_format=form, tenant=tenant if is_of_tenant else None)
    answer = app.tokens(ada, tenant_id=tenant.pk)
    token, refresh_token = answer["access_token"], answer["refresh_token"]
    assert bearer.check(token).tenant_id == tenant.pk
    assert validity.find_refreshable(app.client, refresh_token)
    with site_context("a test ends a membership"):
        membership.delete()
    if is_of_tenant:
        assert why_not(token) == "not_served"
        assert validity.find_refreshable(app.client, refresh_token) is None
    else:
        assert bearer.check(token).tenant_id is None
