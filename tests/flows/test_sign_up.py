"""Who may come in through a connection for the first time, and where they land."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Domain, Identity, Membership, Role, User
from accounts.organizations import invitations, memberships
from audit.models import Entry
from sandbox.server import Sandbox
from tenancy import site_context, tenant_context
from tests.flows.conftest import Browser
from tests.support.connections import another_sandbox, connection_to
from tests.support.invited import link_of
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    with another_sandbox(settings.PUBLIC_URL) as sandbox:
        yield sandbox


@pytest.fixture
def there(elsewhere: Sandbox) -> Browser:
    return Browser(elsewhere)


def refusals() -> list[str]:
    return list(Entry.objects.filter(action="sign_in.refused").values_list("details__reason", flat=True))


def member_of(person: User) -> list[tuple[str, str]]:
    with site_context("a test looks"):
        return list(Membership.objects.filter(user=person).values_list("tenant__name", "role__name"))


def invite(town: Town, email: str) -> str:
    """Invite an address to tenant A, and return the path of the link."""
    with tenant_context(town.a.tenant.pk):
        root = User.objects.create_superuser(username="root")
        return link_of(invitations.invite(town.a.tenant, Role.objects.get(name="member"), email, root)).path


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"sign_up": "closed"}, "sign_up_closed"),
        ({"sign_up": "invitation"}, "sign_up_by_invitation"),
        ({"sign_up": "domains", "sign_up_domains": ["example.org"]}, "sign_up_of_other_domains"),
    ],
)
@pytest.mark.parametrize("of_tenant", [False, True], ids=["the site's", "a tenant's"])
def test_whom_the_policy_does_not_admit_leaves_nothing(
    there: Browser, elsewhere: Sandbox, town: Town, policy: dict[str, Any], reason: str, *, of_tenant: bool
) -> None:
    connection_to(elsewhere, tenant=town.a.tenant if of_tenant else None, **policy)
    people = User.objects.count()

    answer = there.sign_in("acme", "ada")

    assert (answer.status_code, refusals(), User.objects.count()) == (403, [reason], people)
    assert not Identity.objects.exists()
    assert not Entry.objects.filter(action="account.enrolled").exists()
    assert there.account is None


@pytest.mark.parametrize("policy", ["closed", "invitation", "domains"])
def test_whoever_has_an_account_signs_in_under_each_policy(there: Browser, elsewhere: Sandbox, policy: str) -> None:
    connection = connection_to(elsewhere)
    there.sign_in("acme", "ada")
    connection.sign_up, connection.sign_up_domains = policy, ["example.org"]
    with site_context("a test changes the policy"):
        connection.save()
    again = Browser(there.providers)

    again.sign_in("acme", "ada")

    assert again.account == there.account


def test_people_of_the_domains_come_in_by_a_confirmed_address(there: Browser, elsewhere: Sandbox) -> None:
    connection_to(elsewhere, sign_up="domains", sign_up_domains=["example.com"])

    assert there.sign_in("acme", "ada").status_code == 302
    assert Browser(elsewhere).sign_in("acme", "linus").status_code == 403, "her address is not confirmed"
    assert User.objects.get().email == "ada@example.com"


@pytest.mark.parametrize("of_tenant", [False, True], ids=["the site's", "a tenant's"])
def test_an_invitation_admits_the_address_that_was_invited(
    there: Browser, elsewhere: Sandbox, town: Town, *, of_tenant: bool
) -> None:
    connection_to(elsewhere, tenant=town.a.tenant if of_tenant else None, sign_up="invitation")
    path = invite(town, "ADA@example.com")

    assert Browser(elsewhere).sign_in("acme", "grace", next=path).status_code == 403, "a forwarded link"
    assert there.sign_in("acme", "ada", next=path).status_code == 302

    ada = Identity.objects.get().user
    assert member_of(ada) == ([("Abbey", "member")] if of_tenant else [])


@pytest.mark.parametrize("path", ["/accounts/invitation/{b}/{secret}/", "/accounts/invitation/{a}/x/", "/accounts/"])
def test_another_tenant_s_invitation_or_none_admits_nobody(
    there: Browser, elsewhere: Sandbox, town: Town, path: str
) -> None:
    connection_to(elsewhere, tenant=town.a.tenant, sign_up="invitation")
    secret = invite(town, "ada@example.com").split("/")[4]
    path = path.format(a=town.a.tenant.pk, b=town.b.tenant.pk, secret=secret)

    assert there.sign_in("acme", "ada", next=path).status_code == 403
    assert refusals() == ["sign_up_by_invitation"]


def test_a_tenant_s_connection_makes_members_of_that_tenant_alone(
    there: Browser, elsewhere: Sandbox, town: Town
) -> None:
    connection_to(elsewhere, tenant=town.a.tenant, sign_up_role=town.a.role)

    there.sign_in("acme", "ada")

    ada = Identity.objects.get().user
    assert member_of(ada) == [("Abbey", "Abbey clerk")]
    assert not ada.email_verified, "the tenant does not own example.com"


def test_an_address_that_a_tenant_asserts_blocks_nobody(
    there: Browser, browser: Browser, elsewhere: Sandbox, town: Town
) -> None:
    connection_to(elsewhere, tenant=town.a.tenant)
    there.sign_in("acme", "ada")

    browser.sign_in("google", "ada")

    assert browser.account not in {None, there.account}
    assert User.objects.get(pk=str(browser.account)).email_verified


def test_connecting_it_admits_to_the_tenant_by_the_same_policy(
    browser: Browser, elsewhere: Sandbox, town: Town
) -> None:
    connection = connection_to(elsewhere, tenant=town.a.tenant, sign_up="closed")
    browser.sign_in("google", "ada")
    ada = Identity.objects.get().user
    other = Browser(elsewhere, client=browser.client)

    assert other.connect("acme", "ada").status_code == 403
    assert (member_of(ada), Identity.objects.count()) == ([], 1)
    connection.sign_up = "open"
    with site_context("a test changes the policy"):
        connection.save()
    assert other.connect("acme", "ada").status_code == 302

    assert (member_of(ada), Identity.objects.count()) == ([("Abbey", "member")], 2)
    assert browser.account == str(ada.pk)


def test_a_member_s_role_stays_as_it_is(there: Browser, elsewhere: Sandbox, town: Town, browser: Browser) -> None:
    connection_to(elsewhere, tenant=town.a.tenant, sign_up="closed")
    browser.sign_in("keycloak", "ada")
    ada = Identity.objects.get().user
    with tenant_context(town.a.tenant.pk):
        memberships.add(ada, town.a.tenant, town.a.role)
    browser.sign_in("keycloak", "ada")

    assert Browser(elsewhere, client=browser.client).connect("acme", "ada").status_code == 302
    assert member_of(ada) == [("Abbey", "Abbey clerk")]


def test_a_tenant_s_word_verifies_addresses_in_the_domains_that_it_owns_as_long_as_it_does(
    elsewhere: Sandbox, town: Town
) -> None:
    connection_to(elsewhere, tenant=town.a.tenant)
    with site_context("a test claims domains"):
        Domain.objects.create(tenant=town.a.tenant, name="example.com", owned_since=timezone.now())
        Domain.objects.create(tenant=town.b.tenant, name="example.org", owned_since=timezone.now())
    Browser(elsewhere).sign_in("acme", "ada")
    assert User.objects.get(identities__provider="acme").own_email == "ada@example.com"

    with site_context("the domain lapses"):
        Domain.objects.filter(name="example.com").update(owned_since=None)
    Browser(elsewhere).sign_in("acme", "marie")
    assert User.objects.get(name__startswith="Marie").own_email == ""


def test_a_domain_below_one_s_own_or_above_it_is_not_one_s_own(elsewhere: Sandbox, town: Town) -> None:
    connection_to(elsewhere, tenant=town.a.tenant)
    with site_context("a test claims domains"):
        for name in ("com.example.com", "xample.com", "example.com.org"):
            Domain.objects.create(tenant=town.a.tenant, name=name, owned_since=timezone.now())

    Browser(elsewhere).sign_in("acme", "ada")

    assert not User.objects.get(identities__provider="acme").email_verified
