"""Filters of lists of people. Each uses an index."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Identity, Membership, Session, User

People = QuerySet[User]


def of_provider(people: People, provider: str) -> People:
    """Return the people who have an identity at a provider."""
    return people.filter(Exists(Identity.objects.filter(user=OuterRef("pk"), provider=provider)))


def signed_in_within(people: People, ago: timedelta) -> People:
    """Return the people with a live session since then. A revoked or expired session does not count."""
    now = timezone.now()
    return people.filter(
        Exists(Session.objects.filter(user=OuterRef("pk"), created_at__gte=now - ago, expire_date__gt=now))
    )


def by_second_factor(people: People, *, has_one: bool) -> People:
    """Return the people with a second factor, or those without. Recovery codes alone only replace a lost one."""
    factor: Any = apps.get_app_config("mfa").get_model("Authenticator")
    found = Exists(factor.objects.filter(user=OuterRef("pk")).exclude(type="recovery_codes"))
    return people.filter(found if has_one else ~found)


def with_membership(people: People, **membership: Any) -> People:
    """Return the people with such a membership: ``tenant_id``, ``role_id``, or both."""
    return people.filter(Exists(Membership.objects.filter(user=OuterRef("pk"), **membership)))


def members(people: People) -> People:
    """Return the people who belong to a tenant in scope: row-level security leaves only memberships of that tenant."""
    return people.filter(pk__in=Membership.objects.values("user_id"))


def seen_by(administrator: User) -> People:
    """Return the people whom an administrator sees: a superuser everybody, others the members of their tenant."""
    if administrator.is_superuser:
        return User.objects.all()
    return members(User.objects.all()) if administrator.active_membership else User.objects.none()
