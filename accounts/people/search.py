"""Searching people by many kinds of terms. Each kind uses its own index, so that it stays fast with many people."""

import re
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.db.models import F, Func, Q, QuerySet, TextField
from django.db.models.lookups import StartsWith
from django.utils import timezone

from accounts.models import Identity, Membership, Session, Tenant, User
from accounts.models.search_words import LONGEST_TERM, begin
from accounts.models.user import WORDS
from foundation.canonical_email import A_LABEL, a_label, beginning, canonical_or_none, folded

FEW = 2000  # matches up to which their ids are passed to the database one by one
CLOSE_BY = 2000  # people next in a list, among whom a common word is searched first
FENCE = 10**9  # rows: a LIMIT that makes the planner use the index on words, whatever it estimates
SESSION_ID = re.compile(r"[0-9a-f]{6,16}\Z")
Ids = QuerySet[Any, Any]


def find(people: QuerySet[User], term: str) -> QuerySet[User]:
    """Filter people by a search term.

    A term can be a whole id of an account, of a tenant (finds its members) or a subject; the IP address of a live
    session; the beginning of a session's id; the whole name or short name of a tenant (finds its members). Otherwise it
    finds people if each of its words is the beginning of a word in their name, email address, domain or username.

    All searches for people use this: lists, autocompletes, and actions on all results of a search.
    """
    term = shortened(term)
    if not term:
        return people
    if (whole_id := _uuid(term)) is not None:
        return people.filter(pk__in=_called(whole_id, term))
    if (ip := _ip_address(term)) is not None:
        return people.filter(pk__in=_with_session_from(ip))
    elsewhere = [ids for ids in _elsewhere(term) if _is_of_any(ids, people)]
    by_words = _by_words(term)
    if not elsewhere:
        return people.filter(pk__in=by_words)
    return people.filter(pk__in=User.objects.filter(pk__in=by_words).values("pk").union(*elsewhere))


def shortened(term: str) -> str:
    return term.strip()[:LONGEST_TERM]


def _by_words(term: str) -> list[UUID] | Ids:
    """Return the ids of people with these words, looked up separately so that no plan tests the words on every row.

    The planner has no statistics on prefixes. It assumes that even the rarest matches one row in fifty, and would scan
    a million people to find it (ADR 39).
    """
    found = User.objects.filter(begin(WORDS, term)).order_by().values_list("pk", flat=True)
    few = list(found[: FEW + 1])
    return few if len(few) <= FEW else User.objects.filter(begin(WORDS, term)).order_by().values("pk")[:FENCE]


def is_common(people: QuerySet[User], term: str) -> bool:
    """Return whether only the words of a term match, and so many people that some are near any position in the list."""
    term = shortened(term)
    found = User.objects.filter(begin(WORDS, term)).order_by().values_list("pk", flat=True)
    return found[FEW : FEW + 1].exists() and not any(_is_of_any(ids, people) for ids in _elsewhere(term))


def among_next(ordered: QuerySet[User], term: str, count: int) -> list[UUID]:
    """Return the ids of the first ``count`` people with a common word if the next CLOSE_BY have that many (ADR 39).

    Otherwise this returns nothing, and ``find`` has to collect all matches.
    """
    near = ordered.annotate(is_called=begin(WORDS, shortened(term)))
    keys = [key for key, is_called in near.values_list("pk", "is_called")[:CLOSE_BY] if is_called][:count]
    return keys if len(keys) == count else []


def begins_with_email(term: str, *, canonical: str) -> Q:
    """Match the beginning of an email address, with the domain in Unicode or as A-labels.

    An incomplete label cannot be encoded, so encoded domains are also compared with the address as it was given.
    """
    known, last = beginning(term)
    found = Q(**{f"{canonical}__startswith": known + last})
    if "@" in known and last:
        given = Func(F("email"), function="accounts_folded_email", output_field=TextField())
        found |= Q(**{f"{canonical}__startswith": known + A_LABEL}) & Q(StartsWith(given, folded(term)))
        found |= Q(**{f"{canonical}__startswith": known + (a_label(last) or last)})
    return found


def _called(whole_id: UUID, term: str) -> Ids:
    """Return the people with this id of an account or tenant, or this subject: Keycloak's subjects are UUIDs too."""
    account, subject = User.objects.filter(pk=whole_id).values("pk"), Identity.objects.filter(subject=term)
    return account.union(subject.values("user_id"), _members([whole_id]))


def _with_session_from(ip: str) -> Ids:
    return Session.objects.filter(ip_address=ip, expire_date__gt=timezone.now()).values("user_id")


def _elsewhere(term: str) -> list[Ids]:
    """Return querysets of the ids of people whom other tables associate with this term."""
    found: list[Ids] = [Identity.objects.filter(subject=term).values("user_id")]
    if SESSION_ID.match(term.lower()):
        sessions, start = Session.objects.filter(user__isnull=False), term.lower()
        found.append(sessions.filter(session_key__startswith=start).values("user_id"))
    if tenants := list(tenants_called(term)):
        found.append(_members(tenants))
    return found


def _is_of_any(ids: Ids, people: QuerySet[User]) -> bool:
    """Return whether any of the ids is among these people.

    Rows of people out of scope must not influence how the search works or what it counts.
    """
    return ids.filter(user__in=people.order_by().values("pk")).exists()


def tenants_called(term: str) -> QuerySet[Tenant, UUID]:
    """Find tenants in scope by their whole name or short name.

    Under row-level security only leakproof operators can use an index. Equality is leakproof, case folding is not.
    """
    spellings = {term, term.lower(), term.upper(), term.title(), term.capitalize()}
    return Tenant.objects.filter(Q(slug=term.lower()) | Q(name__in=spellings)).order_by().values_list("pk", flat=True)


def tenant_called(name: str) -> str | None:
    """Return the id of a tenant in scope by its whole name or short name."""
    return next((str(key) for key in tenants_called(name)[:1]), None)


def person_called(people: QuerySet[User], name: str) -> str | None:
    """Return the id of one of these people by their address, verified or not, or by their username."""
    known_as = {"canonical_email": canonical_or_none(name.strip()) or ""} if "@" in name else {"username": name}
    return next((str(key) for key in people.filter(**known_as).values_list("pk", flat=True)[:1]), None)


def _members(tenants: list[UUID]) -> Ids:
    return Membership.objects.filter(tenant_id__in=tenants).order_by().values("user_id")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _ip_address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
