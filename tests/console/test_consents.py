"""Connected apps and claims in the admin: what people agreed to, its withdrawal, and what an app would learn."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from authserver.models import Consent, ProfileClaim, ProfileValue
from tests.support.administrator import administrator, root
from tests.support.apps import App, answer_in, app
from tests.support.proven import proven
from tests.tenancy.conftest import Town, town

__all__ = ["administrator", "root", "town"]

pytestmark = pytest.mark.django_db
LIST = "/admin/authserver/consent/"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


def agreed(person: User) -> tuple[App, str]:
    """Let a person agree to an app; return it with a refresh token."""
    theirs, browser = app(is_first_party=False, name="Harbour"), proven(person)
    page: Any = theirs.authorize(browser, scope="openid offline_access")
    code = answer_in(browser.post(page.context["action"]))["code"]
    found: Any = theirs.redeem(code)
    return theirs, found.json()["refresh_token"]


@pytest.mark.promise(86)
def test_an_administrator_sees_who_agreed_to_what_and_stops_it(administrator: Browser, ada: User) -> None:
    theirs, refresh = agreed(ada)
    consent = Consent.objects.get()
    withdraw = f"{LIST}{consent.pk}/withdraw/"

    assert "Harbour" in administrator.get(LIST).content.decode()
    assert withdraw in administrator.get(f"{LIST}{consent.pk}/change/").content.decode()
    assert administrator.get(withdraw).status_code == 200
    assert Consent.objects.get().withdrawn_at is None, "GET only asks"
    assert administrator.post(withdraw).status_code == 302

    assert Consent.objects.get().withdrawn_at is not None
    assert theirs.refresh(refresh).status_code == 400
    assert withdraw not in administrator.get(f"{LIST}{consent.pk}/change/").content.decode()


@pytest.mark.promise(46)
def test_a_tenants_administrator_sees_the_consents_of_the_tenant_only(town: Town, ada: User) -> None:
    agreed(ada)
    consent = Consent.objects.get()
    browser = proven(town.a.owner)

    assert "Harbour" not in browser.get(LIST).content.decode()
    assert browser.get(f"{LIST}{consent.pk}/change/").status_code == 403
    assert browser.post(f"{LIST}{consent.pk}/withdraw/").status_code in {403, 404}
    assert Consent.objects.get().withdrawn_at is None


def test_a_consent_is_named_by_its_app_and_its_person(administrator: Browser, ada: User) -> None:
    agreed(ada)
    consent = Consent.objects.get()

    page = administrator.get(f"{LIST}{consent.pk}/change/").content.decode()

    assert page.count("Harbour for Ada") == 3  # in the title, below the heading, and in the way there
    assert f"{consent.user_id}, {consent.client_id}" not in page
    assert "Harbour for Ada" in administrator.get(f"{LIST}{consent.pk}/withdraw/").content.decode()


def test_nobody_adds_changes_or_deletes_a_consent_by_hand(administrator: Browser, ada: User) -> None:
    agreed(ada)
    consent = Consent.objects.get()

    assert administrator.get(f"{LIST}add/").status_code == 403
    assert administrator.post(f"{LIST}{consent.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Consent.objects.filter(withdrawn_at=None).exists()


def test_the_preview_shows_the_claims_of_a_person_and_issues_nothing(administrator: Browser, ada: User) -> None:
    theirs = app(name="Harbour")
    claim = ProfileClaim.objects.create(name="hardware_tier")
    ProfileValue.objects.create(claim=claim, user=ada, value="tier3")
    page = f"/admin/authserver/client/{theirs.client.pk}/preview/"

    text = administrator.get(page, {"person": str(ada.pk)}).content.decode()

    assert "tier3" in text
    assert "ada@example.org" in text
    assert str(ada.pk) in text
    for wrong in ("", "nobody", "x" * 5000, str(theirs.client.pk)):
        assert administrator.get(page, {"person": wrong}).status_code == 200


def test_the_preview_finds_a_person_by_a_name_that_is_theirs_alone(administrator: Browser, ada: User) -> None:
    """The harm: an address that is not verified is anybody's (ADR 2)."""
    theirs = app(name="Harbour")
    User.objects.create_user(username="anybody", email="Grace@example.org")
    page = f"/admin/authserver/client/{theirs.client.pk}/preview/"

    def found(person: str) -> bool:
        return administrator.get(page, {"person": person}).context["tokens"] is not None

    assert found("ADA@example.org")
    assert found("anybody")
    assert not found("grace@example.org")


@pytest.mark.promise(46)
def test_a_tenants_administrator_previews_only_their_own_apps_and_people(town: Town, ada: User) -> None:
    theirs = app(name="Harbour")

    browser = proven(town.a.owner)

    assert browser.get(f"/admin/authserver/client/{theirs.client.pk}/preview/?person={ada.pk}").status_code in {
        403,
        404,
    }


def test_a_tenants_administrator_learns_nothing_of_other_tenants_of_a_member(town: Town) -> None:
    theirs = app(name="Harbour", tenant=town.a.tenant, is_first_party=False)

    page = proven(town.a.owner).get(
        f"/admin/authserver/client/{theirs.client.pk}/preview/", {"person": str(town.both.pk)}
    )

    text = page.content.decode()
    assert str(town.a.tenant.pk) in text
    assert str(town.b.tenant.pk) not in text


def test_a_superuser_defines_a_claim_and_gives_a_person_a_value(administrator: Browser, ada: User) -> None:
    fields = {"name": "hardware_tier", "scope": "profile", "choices": "tier1,tier2", "is_in_access_tokens": "on"}
    assert administrator.post("/admin/authserver/profileclaim/add/", fields).status_code == 302
    claim = ProfileClaim.objects.get()
    value = {"user": str(ada.pk), "claim": str(claim.pk), "value": "tier2"}

    assert administrator.post("/admin/authserver/profilevalue/add/", value | {"value": "tier9"}).status_code == 200
    assert administrator.post("/admin/authserver/profilevalue/add/", value).status_code == 302
    reserved = administrator.post("/admin/authserver/profileclaim/add/", fields | {"name": "org_role"})

    assert ProfileValue.objects.get().value == "tier2"
    assert "This claim is reserved" in reserved.content.decode()
