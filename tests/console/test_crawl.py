"""Users who are not superusers find nothing of another tenant in the admin, and cannot gain permissions."""

import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Model, QuerySet
from django.test import Client

from accounts.models import BulkAction, ClaimRule, Identity, Invitation, Membership, Role, Session, Tenant, User
from accounts.organizations import delegation
from accounts.organizations.invitations import invite
from audit.models import Entry
from providers.models import UpstreamTokens
from tenancy import site_context
from tests.console.crawler import Crawl, address, body, registered
from tests.support.proven import proven
from tests.tenancy import rows
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db

MARK = "bittern"  # is in every text of tenant B, and nowhere else
SAID_BEFORE = re.compile(r'<ul class="messagelist">.*?</ul>', re.DOTALL)  # it repeats what was typed
MOST_FOREIGN = 5  # rows of each model that are asked for by name: the same code refuses the others
SEEN = ("last_seen_at", "ip_address", "user_agent", "expire_date")  # what the crawl changes in its own session


@pytest.fixture
def furnished(town: Town) -> Town:
    """Create an identity, a session and a history for everybody, and rows of every other model in both tenants."""
    with site_context("a test furnishes two tenants"):
        User.objects.create_superuser(username="root", name="Root Canary")
        for side in (town.a, town.b):
            for user in (side.owner, side.member):
                name = user.name.replace(" ", "-").lower()
                User.objects.filter(pk=user.pk).update(email=f"{name}@example.com")
                Identity.objects.create(user=user, provider="google", issuer="https://issuer", subject=f"sub-{name}")
                Session.objects.create(
                    user=user, session_key=f"{name}".ljust(32, "0").replace("-", "0"), session_data="",
                    expire_date="2099-01-01T00:00Z", ip_address="203.0.113.9" if side is town.b else "198.51.100.7",
                )  # fmt: skip
            invite(side.tenant, side.role, f"{side.tenant.slug}-guest@example.com", side.owner)
            side.tenant.name += " House"
            side.tenant.save()
    for side, mark in ((town.a, "avocet"), (town.b, MARK)):
        tables = rows.models_of_people_and_admin()
        rows.Side(mark, tables=tables, tenant=side.tenant, people=[side.owner, side.member]).fill()
    return town


@pytest.mark.promise(46, 47)
def test_the_other_tenant_has_rows_of_everything_that_is_registered(furnished: Town) -> None:
    things = _everything()
    foreign = {model: [one for one in found if not _is_of(one, furnished.a)] for model, found in things.items()}

    assert {BulkAction, ClaimRule, Invitation} <= set(things)
    assert all(foreign.values()), foreign
    for model in (BulkAction, ClaimRule, Identity, Invitation):
        assert MARK in str([vars(one) for one in foreign[model]]), model
    assert MARK in str(Authenticator.objects.filter(user=furnished.b.owner).values())


def owner(town: Town) -> User:
    return town.a.owner


def staff_with_every_permission(town: Town) -> User:
    User.objects.filter(pk=town.a.member.pk).update(is_staff=True)
    town.a.member.user_permissions.set(Permission.objects.all())
    return town.a.member


def staff_without_rights(town: Town) -> User:
    User.objects.filter(pk=town.a.member.pk).update(is_staff=True)
    return town.a.member


def staff_with_every_permission_of_no_tenant(town: Town) -> User:
    user = User.objects.create_user(name="Nowhere", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return user


def nobody(town: Town) -> None:
    return None


CAST: list[Callable[[Town], User | None]] = [
    owner, staff_with_every_permission, staff_without_rights, staff_with_every_permission_of_no_tenant, nobody,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("who", CAST, ids=lambda who: who.__name__)
@pytest.mark.promise(46, 47)
def test_nothing_of_another_tenant_is_found_or_changed_and_nobody_gains_permissions(
    furnished: Town, who: Callable[[Town], User | None]
) -> None:
    person = who(furnished)
    crawl = Crawl(_browser(person))
    things = _everything()
    own = _own_keys(furnished.a)
    before, rights = _state(own), _rights(person)

    crawl.follow_links()
    crawl.complete(["", "bar", "root", "o"])
    for model_admin in registered():
        foreign = [obj for obj in things[model_admin.model] if not _is_of(obj, furnished.a)][:MOST_FOREIGN]
        opened = crawl.knock_at(model_admin, foreign)
        assert not opened, "what is not in the tenant was opened"
        crawl.use_lists(model_admin, foreign, across=False)
        crawl.export(model_admin, foreign)
        for url in [address(model_admin, "add"), *_own_pages(model_admin, things[model_admin.model], furnished.a)]:
            crawl.fill_in_everything(url, _keys_of(furnished.b))
    for model_admin in registered():  # at the end, because it may delete the user's own rows
        crawl.use_lists(model_admin, things[model_admin.model], across=True)

    canaries = _canaries(furnished.b)
    for where, response in crawl.answers:
        assert response.status_code < 500, where
        text = SAID_BEFORE.sub("", body(response))
        assert not [canary for canary in canaries if canary in text and canary not in where], where
    assert _state(own) == before
    assert _rights(person) <= rights


def _browser(person: User | None) -> Client:
    return proven(person) if person else Client()


def _everything() -> dict[type[Model], list[Model]]:
    """Return all rows of all registered models, but only the newest of long tables."""
    with site_context("a test looks at everything"):
        return {m.model: list(QuerySet(m.model).order_by("-pk")[:20]) for m in registered()}


def _is_of(obj: Model, side: Side) -> bool:
    """Return whether a tenant's administrator may find this in the admin. Unknown models count as not allowed."""
    with site_context("a test sorts everything"):
        people = set(Membership.objects.filter(tenant=side.tenant).values_list("user_id", flat=True))
    match obj:
        case User():
            return obj.pk in people
        case Identity() | Session():
            return obj.user_id in people
        case Entry():
            return obj.tenant_id == str(side.tenant.pk)
        case Tenant():
            return obj.pk == side.tenant.pk
        case Role():
            return obj.fits(side.tenant.pk)
    return bool(getattr(obj, "tenant_id", None) == side.tenant.pk)


def _own_pages(model_admin: Any, objects: list[Model], side: Side) -> list[str]:
    return [address(model_admin, "change", obj) for obj in objects if _is_of(obj, side)][:3]


def _keys_of(side: Side) -> list[str]:
    """Return keys for a crafted form: those of the other tenant's objects and of roles above one's own."""
    with site_context("a test looks for keys"):
        owning = Role.objects.get(name="owner").pk
        return [str(key) for key in (side.tenant.pk, side.role.pk, side.owner.pk, owning)]


def _canaries(side: Side) -> list[str]:
    """Return texts of the other tenant that must be on no page, except where the user typed them."""
    with site_context("a test looks for canaries"):
        people = [side.owner, side.member]
        return [
            MARK, "Barn House", side.tenant.slug, str(side.tenant.pk), side.role.name, "Root Canary", "203.0.113.9",
            *(str(user.pk) for user in people), *(user.name for user in people),
            *(f"{user.name.replace(' ', '-').lower()}@example.com" for user in people),
            *(identity.subject for identity in Identity.objects.filter(user__in=people)),
            *(session.public_id for session in Session.objects.filter(user__in=people)),
        ]  # fmt: skip


def _own_keys(side: Side) -> list[str]:
    with site_context("a test looks for keys"):
        people = Membership.objects.filter(tenant=side.tenant).values_list("user_id", flat=True)
        return [str(key) for key in (side.tenant.pk, *people)]


def _state(own: list[str]) -> Any:
    """Return all rows except the tenant's own, which its administrators may change, and site-wide permissions."""
    with site_context("a test takes stock"), connection.cursor() as cursor:
        state: dict[str, Any] = {"ranks": sorted(User.objects.values_list("pk", "is_staff", "is_superuser"))}
        rights = {cast("type[Model]", one.remote_field.through): "NULL" for one in User._meta.many_to_many}
        models: list[type[Model]] = [User, *rows.models_of_people_and_admin(), *rights]
        for model in models:
            table, whose = model._meta.db_table, rights.get(model) or _whose(model, "t")
            row = f"to_jsonb(t) - '{{{','.join(SEEN)}}}'::text[]" if model is Session else "to_jsonb(t)"
            cursor.execute(f"SELECT ({row})::text, {whose} FROM {table} t ORDER BY 1")  # noqa: S608  # constants only
            state[table] = [row for row, of in cursor.fetchall() if str(of) not in own]
        return state


def _whose(model: type[Model], row: str) -> str:
    """Return SQL for the owner of a row: its tenant, otherwise its person, otherwise the owner of a related row."""
    if model in {Tenant, User}:
        return f"{row}.id"
    named = [one for one in model._meta.concrete_fields if isinstance(one.related_model, type)]
    for owner in (Tenant, User):
        for one in named:
            if one.related_model is owner:
                return f"{row}.{one.column}"
    is_part = model._meta.auto_created or model._meta.pk.is_relation or model is UpstreamTokens
    if not (named and is_part):
        return "NULL"
    first, inner = named[0], f"{row}_"
    of = cast("type[Model]", first.related_model)
    table, key = of._meta.db_table, of._meta.pk.column
    return f"(SELECT {_whose(of, inner)} FROM {table} {inner} WHERE {inner}.{key} = {row}.{first.column})"  # noqa: S608


def _rights(person: User | None) -> set[object]:
    """Return all permissions by person and tenant. An owner may give theirs up, but nobody may gain any."""
    if person is None:
        return set()
    fresh = User.objects.get(pk=person.pk)
    everywhere = fresh.get_all_permissions()
    rights: set[object] = {name for name in ("is_staff", "is_superuser", "is_active") if getattr(fresh, name)}
    with site_context("a test asks for rights"):
        for membership in Membership.objects.filter(user=fresh).select_related("role"):
            may = everywhere | delegation.permissions_of(membership.role) | set(membership.role.scopes)
            rights |= {(membership.tenant_id, what) for what in may}
    return rights | everywhere
