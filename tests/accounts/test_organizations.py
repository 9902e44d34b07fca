"""The pages of organizations: list them, switch to another one, choose the primary one."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.models import Membership, Role, Session, Tenant, User
from accounts.models.active_membership import ActiveMembership, set_context
from accounts.organizations import own_organizations
from accounts.organizations.own_organizations import NotAMember, make_primary, organizations_of
from audit.models import Entry
from tenancy import person_context, site_context, tenant_context
from tests.support.proven import sign_in
from tests.support.together import together
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

LIST = "/accounts/organizations/"
SWITCH = "/accounts/organizations/switch/"
PRIMARY = "/accounts/organizations/primary/"


@pytest.fixture
def both(town: Town) -> Client:
    return signed_in(town.both)


def signed_in(person: User) -> Client:
    client = Client()
    sign_in(client, person)
    return client


def acts_in(client: Client) -> str:
    """Return the active organization that the page header shows."""
    page = client.get("/accounts/").content.decode()
    return page.partition('class="menu-name">')[2].partition("<")[0]


def recorded(action: str) -> list[tuple[str | None, str, str | None]]:
    entries = Entry.objects.filter(action=action).order_by("id")
    return [(entry.person, entry.actor_id, entry.tenant_id) for entry in entries]


def test_the_list_shows_roles_and_the_active_organization(town: Town, both: Client) -> None:
    with site_context("a test gives a role of the tenant's own"):
        Membership.objects.filter(user=town.both, tenant=town.b.tenant).update(role=town.b.role)
    page = both.get(LIST).content.decode()

    assert page.index("Abbey") < page.index("You are here") < page.index(">Barn<")
    assert "member" in page
    assert "Barn clerk" in page


def test_a_list_of_one_offers_no_choice_and_an_empty_one_explains_how_to_join(town: Town) -> None:
    one = signed_in(town.a.owner).get(LIST).content.decode()
    none = signed_in(User.objects.create_user(name="Nobody")).get(LIST).content.decode()

    assert "Abbey" in one
    assert "<form" not in one
    assert "<details" not in one
    assert "When an administrator adds or invites you" in none
    assert "Barn" not in one + none


def test_a_visitor_signs_in_first(town: Town) -> None:
    for path in (LIST, SWITCH, PRIMARY):
        assert Client().post(path).status_code in {302, 405}
        assert Client().get(path).headers["Location"] == f"/accounts/login/?next={path}"
    assert signed_in(town.both).get(SWITCH).headers["Location"] == LIST


def test_switching_is_stored_in_the_session_and_recorded_once(town: Town, both: Client) -> None:
    assert acts_in(both) == "Abbey"
    for _ in range(2):
        answer = both.post(SWITCH, {"organization": str(town.b.tenant.pk)})

    assert answer.headers["Location"] == LIST
    assert b"You are now in Barn." in both.get(answer.headers["Location"]).content
    assert acts_in(both) == "Barn"
    assert acts_in(signed_in(town.both)) == "Abbey"
    person = str(town.both.pk)
    assert recorded("tenant.switched") == [(person, person, str(town.b.tenant.pk))]


@pytest.mark.promise(20)
@pytest.mark.parametrize(
    ("next_url", "goes"),
    [
        ("/accounts/sessions/", "/accounts/sessions/"),
        ("https://evil.example/", LIST),
        ("//evil.example/", LIST),
        ("/\\evil.example/", LIST),
    ],
)
def test_switching_returns_to_the_previous_page_and_never_leaves_the_site(
    town: Town, both: Client, next_url: str, goes: str
) -> None:
    answer = both.post(f"{SWITCH}?next={next_url}", {"organization": str(town.b.tenant.pk)})

    assert answer.headers["Location"] == goes


@pytest.mark.parametrize(("role", "goes"), [("member", LIST), ("admin", "/admin/accounts/user/")])
def test_switching_returns_to_the_admin_only_if_the_person_may_enter_it(
    town: Town, both: Client, role: str, goes: str
) -> None:
    with site_context("a test gives a role"):
        role_of_all = Role.objects.get(name=role, tenant=None)
        Membership.objects.filter(user=town.both, tenant=town.b.tenant).update(role=role_of_all)

    answer = both.post(f"{SWITCH}?next=/admin/accounts/user/", {"organization": str(town.b.tenant.pk)})

    assert answer.headers["Location"] == goes


@pytest.mark.promise(46)
@pytest.mark.parametrize("path", [SWITCH, PRIMARY])
@pytest.mark.parametrize("wanted", ["foreign", "unknown", "garbage", "none"])
def test_a_person_is_refused_in_a_foreign_organization_and_nothing_changes(town: Town, path: str, wanted: str) -> None:
    client = signed_in(town.a.owner)
    form = {
        "foreign": {"organization": str(town.b.tenant.pk)},
        "unknown": {"organization": str(uuid4())},
        "garbage": {"organization": "\x00'; --"},
        "none": {},
    }[wanted]
    last = Entry.objects.latest("id").pk
    answer = client.post(path, form)
    page = answer.content.decode()

    assert answer.status_code == 403
    assert "You do not belong there" in page
    assert "Barn" not in page
    entry = Entry.objects.filter(pk__gt=last).get()
    assert (entry.action, entry.person, entry.tenant_id) == ("tenant.switch_refused", str(town.a.owner.pk), None)
    assert entry.details
    assert entry.details["reference"] in page
    assert entry.details.get("requested") == (form.get("organization") if wanted in {"foreign", "unknown"} else None)
    assert not Session.objects.filter(active_tenant__isnull=False).exists()
    with site_context("a test looks"):
        assert not Membership.objects.filter(is_primary=True).exists()


def test_a_page_of_another_site_cannot_switch(town: Town) -> None:
    client = Client(enforce_csrf_checks=True)
    sign_in(client, town.both)

    assert client.post(SWITCH, {"organization": str(town.b.tenant.pk)}).status_code == 403
    assert acts_in(client) == "Abbey"


def test_a_person_who_was_removed_returns_to_a_tenant_they_still_belong_to(town: Town, both: Client) -> None:
    both.post(SWITCH, {"organization": str(town.b.tenant.pk)})
    with site_context("a test lets somebody leave"):
        Membership.objects.filter(user=town.both, tenant=town.b.tenant).delete()

    assert b"<details" not in both.get("/accounts/").content
    assert both.post(SWITCH, {"organization": str(town.b.tenant.pk)}).status_code == 403


def test_one_organization_is_primary_and_sessions_begin_there(town: Town, both: Client) -> None:
    for tenant in (town.a.tenant, town.b.tenant, town.b.tenant):
        answer = both.post(PRIMARY, {"organization": str(tenant.pk)})

    assert answer.headers["Location"] == LIST
    assert acts_in(signed_in(town.both)) == "Barn"
    own = organizations_of(town.both.pk, active=None)
    assert [(one.name, one.is_primary) for one in own] == [("Abbey", False), ("Barn", True)]
    changes = Entry.objects.filter(object_table="accounts_membership", action="update").order_by("id")
    assert [(change.tenant_id, change.after) for change in changes] == [
        (str(tenant.pk), {"is_primary": is_primary})
        for tenant, is_primary in ((town.a.tenant, True), (town.a.tenant, False), (town.b.tenant, True))
    ]
    assert {change.actor_id for change in changes} == {str(town.both.pk)}


@pytest.mark.django_db(transaction=True)
def test_two_concurrent_choices_leave_one_primary(town: Town) -> None:
    def choose(tenant: Tenant) -> Callable[[], None]:
        return lambda: make_primary(town.both, tenant.pk)

    together(*(choose(side.tenant) for side in (town.a, town.b) * 3))

    with site_context("a test looks"):
        assert Membership.objects.filter(user=town.both, is_primary=True).count() == 1


def test_a_foreign_organization_cannot_be_primary(town: Town) -> None:
    with pytest.raises(NotAMember):
        make_primary(town.a.owner, town.b.tenant.pk)


@pytest.mark.promise(73)
def test_listing_organizations_leaves_the_context_unchanged(town: Town) -> None:
    with tenant_context(town.a.tenant.pk, person_id=town.a.owner.pk):
        assert {one.name for one in organizations_of(town.both.pk, active=None)} == {"Abbey", "Barn"}
        assert set(Tenant.objects.values_list("name", flat=True)) == {"Abbey"}
    with person_context(town.a.owner.pk):
        organizations_of(town.both.pk, active=None)
        assert set(Tenant.objects.values_list("name", flat=True)) == {"Abbey"}
    organizations_of(town.both.pk, active=None)
    assert not Tenant.objects.exists()


def test_a_session_that_was_revoked_meanwhile_switches_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(town.both)

    def meanwhile(person_id: UUID, wanted: UUID, *, pinned: UUID | None) -> ActiveMembership | None:
        Session.objects.all().delete()
        return set_context(person_id, wanted, pinned=pinned)

    monkeypatch.setattr(own_organizations, "set_context", meanwhile)
    answer = client.post(SWITCH, {"organization": str(town.b.tenant.pk)})

    assert answer.status_code == 400
    assert recorded("tenant.switched") == []
