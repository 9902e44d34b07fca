"""What clients learn about people: by scope, by the site's own claims, and never by a reserved name."""

from typing import Any

import jwt
import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from accounts.models import Membership, Role, Tenant, User
from authserver import claims
from authserver.models import ProfileClaim, ProfileValue
from authserver.preview import preview
from authserver.reserved_claims import RESERVED
from tenancy import site_context
from tests.support.apps import app
from tests.support.oauth import document, token_request
from tests.support.proven import proven

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


@pytest.fixture
def engines(ada: User) -> Tenant:
    with site_context("a test makes an organization"):
        tenant = Tenant.objects.create(name="Engines")
        role = Role.objects.create(name="owner of engines", tenant=tenant)
        Membership.objects.create(user=ada, tenant=tenant, role=role, is_primary=True)
    return tenant


def payload(token: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return found


def own_claim(ada: User, name: str = "hardware_tier", value: str = "tier2", **chosen: object) -> None:
    claim = ProfileClaim.objects.create(name=name, **chosen)
    ProfileValue.objects.create(claim=claim, user=ada, value=value)


def test_without_profile_and_email_an_id_token_says_nothing_but_who(ada: User, engines: Tenant) -> None:
    own_claim(ada)

    said = payload(app().tokens(proven(ada), scope="openid")["id_token"])

    assert said.keys() == {"iss", "sub", "aud", "iat", "exp", "at_hash", "auth_time", "acr", "amr", "sid"}


def test_with_ed25519_an_id_token_has_no_at_hash(ada: User) -> None:
    said = payload(app(signing_algorithm="Ed25519").tokens(proven(ada), scope="openid")["id_token"])

    assert "at_hash" not in said


def test_access_tokens_say_roles_organizations_and_the_sites_own_claims(ada: User, engines: Tenant) -> None:
    own_claim(ada)
    own_claim(ada, "shoe_size", "38", is_in_access_tokens=False)

    said = payload(app().tokens(proven(ada), scope="openid")["access_token"])

    assert said["role"] == "user"
    assert said["tenant_id"] == str(engines.pk)
    assert said["organization_ids"] == [str(engines.pk)]
    assert said["org_role"] == "owner of engines"
    assert said["hardware_tier"] == "tier2"
    assert "shoe_size" not in said


def test_a_person_who_has_left_an_organization_has_no_role_there(ada: User, engines: Tenant) -> None:
    own = app()
    found = own.tokens(proven(ada), scope="openid offline_access")
    with site_context("a test removes a member"):
        Membership.objects.all().delete()

    response = own.refresh(found["refresh_token"])

    if response.status_code == 200:  # leaving may also end what was given before: both read as nothing
        said = payload(response.json()["access_token"])  # type: ignore[attr-defined]
        assert said["tenant_id"] is None
        assert said["org_role"] is None
        assert said["organization_ids"] == []


def test_a_superuser_is_an_admin(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_superuser=True)

    assert payload(app().tokens(proven(ada), scope="openid")["access_token"])["role"] == "admin"


@pytest.mark.promise(87)
@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_claim_is_nobodys_to_define(ada: User, name: str) -> None:
    with pytest.raises(ValidationError):
        ProfileClaim(name=name).full_clean()
    own_claim(ada, name, "forged")

    facts = claims.read(ada.pk, None)

    assert facts is not None
    assert facts.profile == []


def test_a_value_is_one_of_those_that_its_claim_allows(ada: User) -> None:
    claim = ProfileClaim.objects.create(name="hardware_tier", choices=["tier1", "tier2"])

    with pytest.raises(ValidationError):
        ProfileValue(claim=claim, user=ada, value="tier9").full_clean()
    ProfileValue(claim=claim, user=ada, value="tier1").full_clean()


def test_the_preview_shows_what_the_client_gets(ada: User, engines: Tenant) -> None:
    own_claim(ada)
    own = app()
    found = own.tokens(proven(ada), scope="openid profile email")

    shown = preview(own.client, ada, engines.pk, scopes=["openid", "profile", "email"])

    assert shown is not None
    id_token, access = payload(found["id_token"]), payload(found["access_token"])
    fleeting = {"iat", "exp", "jti", "family", "auth_time", "sid", "at_hash", "amr"}
    assert _without(shown.id_token, fleeting) == _without(id_token, fleeting)
    assert _without(shown.access_token, fleeting) == _without(access, fleeting)
    userinfo = Browser().get("/oauth/userinfo", headers={"Authorization": f"Bearer {found['access_token']}"}).json()
    assert shown.userinfo == userinfo


def _without(said: dict[str, object], names: set[str]) -> dict[str, object]:
    return {name: value for name, value in said.items() if name not in names}


@pytest.mark.promise(46)
@pytest.mark.parametrize("form", ["jwt", "opaque"])
def test_the_app_of_a_tenant_learns_nothing_of_other_organizations(ada: User, engines: Tenant, form: str) -> None:
    with site_context("a test makes a second organization"):
        other = Tenant.objects.create(name="Harbour", slug="harbour")
        Membership.objects.create(user=ada, tenant=other, role=Role.objects.create(name="pilot", tenant=other))
    theirs, ours = (app(tenant=tenant, token_format=form) for tenant in (engines, None))
    for one, expected in ((theirs, {str(engines.pk)}), (ours, {str(engines.pk), str(other.pk)})):
        found = one.tokens(proven(ada), scope="openid profile")
        token = found["access_token"]
        seen: list[Any] = [payload(found["id_token"])]
        seen.append(Browser().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).json())
        seen.append(document(token_request(Browser(), {"token": token}, one.auth, path="/oauth/introspect")))
        if form == "jwt":
            seen.append(payload(token))
        shown = preview(one.client, ada, engines.pk, scopes=["openid", "profile"])
        assert shown is not None
        seen += [shown.access_token, shown.id_token, shown.userinfo]
        assert [set(said["organization_ids"]) for said in seen] == [expected] * len(seen)
