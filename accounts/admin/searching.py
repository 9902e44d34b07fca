"""Finding people by whatever one has at hand: each kind of term by its own index, however many people there are."""

import re
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Upper
from django.db.models.lookups import StartsWith
from django.utils import timezone

from accounts.canonical import A_LABEL, a_label, beginning, folded
from accounts.models import Identity, Membership, Session, Tenant, User
from accounts.models.session import ROW_KEY, UNDER_BROWSERS_KEY
from accounts.models.user import EMAIL_KEY, NAME_KEY

SESSION_ID = re.compile(r"[0-9a-f]{6,16}\Z")
Ids = QuerySet[Any, Any]


def find(people: QuerySet[User], term: str) -> QuerySet[User]:
    """Narrow people down to those whom a term finds.

    A whole id: of an account, of a tenant (its members), a subject. The address of a live session. The beginning of
    a session's id, a name, an address, a local name. The whole name or short name of a tenant: its members.
    """
    term = term.strip()
    if not term:
        return people
    if (whole_id := _uuid(term)) is not None:
        return people.filter(pk__in=_called(whole_id, term))
    if (address := _address(term)) is not None:
        return people.filter(pk__in=_with_session_at(address))
    by_name = people.alias(name_key=NAME_KEY, email_key=EMAIL_KEY).filter(_begins_with(term))
    elsewhere = [ids for ids in _elsewhere(term) if _is_of_any(ids, people)]
    if not elsewhere:
        return by_name
    known = User.objects.alias(name_key=NAME_KEY, email_key=EMAIL_KEY).filter(_begins_with(term)).values("pk")
    return people.filter(pk__in=known.union(*elsewhere))  # not OR: that would read every person to look elsewhere


def _begins_with(term: str) -> Q:
    """The database folds the letters of a name, so that it folds the term as it did the column."""
    return (
        Q(name_key__startswith=Upper(Value(term)))
        | begins_with_address(term, canonical="email_key")
        | Q(username__startswith=term)
    )


def begins_with_address(term: str, *, canonical: str) -> Q:
    """Match the beginning of an address, its domain in either spelling.

    A label that is not whole cannot be encoded: it is looked for among the encoded ones too, in the address as given.
    """
    known, last = beginning(term)
    found = Q(**{f"{canonical}__startswith": known + last})
    if "@" in known and last:
        given = Func(F("email"), function="accounts_folded_address", output_field=TextField())
        found |= Q(**{f"{canonical}__startswith": known + A_LABEL}) & Q(StartsWith(given, folded(term)))
        found |= Q(**{f"{canonical}__startswith": known + (a_label(last) or last)})
    return found


def _called(whole_id: UUID, term: str) -> Ids:
    """Keycloak's subjects look like ids of ours."""
    account, subject = User.objects.filter(pk=whole_id).values("pk"), Identity.objects.filter(subject=term)
    return account.union(subject.values("user_id"), _members([whole_id]))


def _with_session_at(address: str) -> Ids:
    return Session.objects.filter(address=address, expire_date__gt=timezone.now()).values("user_id")


def _elsewhere(term: str) -> list[Ids]:
    """What other tables know by this term, as ids of people."""
    found: list[Ids] = [Identity.objects.filter(subject=term).values("user_id")]
    if SESSION_ID.match(term.lower()):
        sessions, start = Session.objects.filter(user__isnull=False), term.lower()
        found.append(sessions.filter(session_key__startswith=start).values("user_id"))
        undigested = sessions.alias(row_key=ROW_KEY).filter(UNDER_BROWSERS_KEY, row_key__startswith=start)
        found.append(undigested.values("user_id"))
    if tenants := list(tenants_called(term)):
        found.append(_members(tenants))
    return found


def _is_of_any(ids: Ids, people: QuerySet[User]) -> bool:
    """Whether any is one of these people: what others have must not steer how these are looked for, nor their count."""
    return ids.filter(user__in=people.order_by().values("pk")).exists()


def tenants_called(term: str) -> QuerySet[Tenant, UUID]:
    """Find tenants in scope by their whole name or short name.

    Beneath row-level security only what cannot leak uses an index: equality does, folding letters does not.
    """
    spellings = {term, term.lower(), term.upper(), term.title(), term.capitalize()}
    return Tenant.objects.filter(Q(slug=term.lower()) | Q(name__in=spellings)).order_by().values_list("pk", flat=True)


def _members(tenants: list[UUID]) -> Ids:
    return Membership.objects.filter(tenant_id__in=tenants).order_by().values("user_id")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
