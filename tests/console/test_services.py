"""Service accounts, their keys and certificate identities in the admin."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Role, User
from authserver.models import ApiKey, CertificateIdentity, ServiceAccount
from authserver.services import keys
from tenancy import site_context, tenant_context
from tests.support.proven import proven, sign_in
from tests.support.services import READ, WRITE, clerk, key_of_person, key_of_service, refusal_of, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)
SERVICES, KEYS, CERTIFICATES = (
    f"/admin/authserver/{name}/" for name in ("serviceaccount", "apikey", "certificateidentity")
)


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


@pytest.fixture
def keeper(town: Town) -> User:
    """An owner of tenant A, whose role allows programs to read."""
    with site_context("a test gives a role a scope"):
        owner = Role.objects.get(name="owner", tenant=None)
        role = Role.objects.create(name="Keeper", tenant=town.a.tenant, scopes=[READ])
        role.permissions.set(owner.permissions.all())
        Membership.objects.filter(user=town.a.owner).update(role=role)
    return town.a.owner


def filled_in(person: User, **fields: object) -> dict[str, object]:
    expires = timezone.localtime() + timedelta(days=30)
    return {
        "name": "Night job", "purpose": "Counts.", "owner": person.pk, "scopes": READ,
        "expires_at": f"{expires:%Y-%m-%d} 12:00:00", **fields,
    }  # fmt: skip


def key_on(page: str) -> str:
    (found,) = re.findall(r">(vak_[^<]+)</textarea>", page)
    return str(found)


@pytest.mark.promise(70)
def test_an_administrator_creates_a_service_and_its_key(town: Town, ada: User, keeper: User) -> None:
    browser = proven(keeper)
    answer = browser.post(f"{SERVICES}add/", filled_in(ada))
    assert answer.status_code == 302, answer.content.decode()
    with tenant_context(town.a.tenant.pk):
        found = ServiceAccount.objects.get()
    assert (found.owner, found.created_by, found.tenant_id) == (ada, keeper, town.a.tenant.pk)

    create = f"{SERVICES}{found.pk}/create-key/"
    assert READ in browser.get(create).content.decode()
    text = key_on(browser.post(create, {"name": "ci", "scopes": [READ]}).content.decode())
    assert keys.check(text).service == found
    listed = browser.get(KEYS).content.decode()
    assert text[4:20] in listed
    assert text not in listed
    assert "works" in browser.get(SERVICES).content.decode()


@pytest.mark.promise(89)
def test_the_page_says_why_a_service_does_not_work(ada: User, keeper: User, town: Town) -> None:
    found = service(town.a.tenant, ada, READ)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    page = proven(keeper).get(f"{SERVICES}{found.pk}/change/").content.decode()
    assert "account is not active" in page


@pytest.mark.parametrize(
    "wrong", [{"scopes": WRITE}, {"owner": "stranger"}, {"purpose": ""}, {"expires_at": "2099-01-01"}]
)
def test_a_service_that_cannot_be_is_refused_on_the_page(
    town: Town, ada: User, keeper: User, wrong: dict[str, object]
) -> None:
    given = {**wrong, **({"owner": town.b.owner.pk} if wrong.get("owner") else {})}
    answer = proven(keeper).post(f"{SERVICES}add/", filled_in(ada, **given))
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    with site_context("a test looks"):
        assert not ServiceAccount.objects.exists()


def test_nobody_makes_a_key_with_more_than_they_may_do_themselves(town: Town, keeper: User) -> None:
    grace = clerk(town.a.tenant, READ, WRITE, name="Grace")
    found = service(town.a.tenant, grace, WRITE)
    new = key_of_service(found)
    browser = proven(keeper)
    assert browser.get(f"{SERVICES}{found.pk}/create-key/").status_code == 403
    browser.post(KEYS, {"action": "rotate_chosen", "_selected_action": [new.key.pk]})
    with site_context("a test looks"):
        assert ApiKey.objects.count() == 1


@pytest.mark.promise(70)
def test_keys_are_revoked_and_rotated_in_the_list(town: Town, ada: User, keeper: User) -> None:
    own = key_of_person(ada, READ, tenant_id=town.a.tenant.pk)
    new = key_of_service(service(town.a.tenant, ada, READ))
    browser = proven(keeper)
    page = browser.post(KEYS, {"action": "rotate_chosen", "_selected_action": [new.key.pk]}).content.decode()
    assert refusal_of(key_on(page)) is None
    browser.post(KEYS, {"action": "rotate_chosen", "_selected_action": [own.key.pk]})
    browser.post(KEYS, {"action": "revoke_chosen", "_selected_action": [own.key.pk, new.key.pk]})
    assert refusal_of(own.text) == refusal_of(new.text) == "key_revoked"
    assert browser.get(f"{KEYS}{own.key.pk}/change/").status_code == 200


def test_what_gives_power_needs_a_reauthentication(town: Town, ada: User, keeper: User) -> None:
    found = service(town.a.tenant, ada, READ)
    new = key_of_service(found)
    browser = Client()
    sign_in(browser, keeper)
    for url, data in (
        (f"{SERVICES}add/", filled_in(ada, name="x")),
        (f"{SERVICES}{found.pk}/create-key/", {"name": "x"}),
        (KEYS, {"action": "rotate_chosen", "_selected_action": [new.key.pk]}),
    ):
        assert "/reauthenticate" in browser.post(url, data).headers["Location"]


def test_nobody_finds_what_is_anothers(town: Town, ada: User) -> None:
    found = service(town.a.tenant, ada, READ)
    key_of_service(found)
    browser = proven(town.b.owner)
    assert browser.get(f"{SERVICES}{found.pk}/create-key/").status_code == 404
    for url in (SERVICES, KEYS):
        assert "Night job" not in browser.get(url).content.decode()


def test_only_superusers_map_certificates(town: Town, ada: User, keeper: User) -> None:
    found = service(town.a.tenant, ada, READ)
    filled = {"service": found.pk, "kind": "dns", "value": "Build.Engines.example"}
    assert proven(keeper).post(f"{CERTIFICATES}add/", filled).status_code == 403
    browser = proven(User.objects.create_superuser(username="root"))
    assert browser.post(f"{CERTIFICATES}add/", {**filled, "value": "*.example"}).status_code == 200
    assert browser.post(f"{CERTIFICATES}add/", filled).status_code == 302
    with site_context("a test looks"):
        assert CertificateIdentity.objects.get().value == "build.engines.example"
    assert "build.engines.example" in proven(keeper).get(CERTIFICATES).content.decode()


def test_the_page_of_a_key_says_who_owns_it_and_who_has_seen_it(town: Town, ada: User, keeper: User) -> None:
    found = service(town.a.tenant, ada, READ, created_by=keeper)
    browser = proven(keeper)
    browser.post(f"{SERVICES}{found.pk}/create-key/", {"name": "ci", "scopes": [READ]})
    with tenant_context(town.a.tenant.pk):
        key = ApiKey.objects.get()
    assert key.created_by == keeper
    page = browser.get(f"{KEYS}{key.pk}/change/").content.decode()
    assert "Ada" in page
    assert keeper.name in page
    assert "A member of the tenant." in page
    assert keeper.name in browser.get(f"{SERVICES}{found.pk}/change/").content.decode()

    with site_context("the creator leaves"):
        Membership.objects.filter(user=keeper).delete()
    root = proven(User.objects.create_superuser(username="root"))
    assert "does not belong to the tenant any more" in root.get(f"{KEYS}{key.pk}/change/").content.decode()
