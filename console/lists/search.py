"""Finding people by whatever one has at hand: each kind of term by its own index, however many people there are."""

import re
from ipaddress import ip_address
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import F, Func, Q, QuerySet, TextField
from django.db.models.lookups import StartsWith
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity, Membership, Session, Tenant, User
from accounts.models.search_words import LONGEST_TERM, begin, words_of
from accounts.models.session import ROW_KEY, UNDER_BROWSERS_KEY
from accounts.models.user import WORDS
from foundation.canonical_email import A_LABEL, a_label, beginning, folded

FEW = 2000  # people whom the words of a term find: so many are named to the database one by one
FENCE = 10**9  # rows: what is found by words is found by their index, whatever the planner believes of it
SESSION_ID = re.compile(r"[0-9a-f]{6,16}\Z")
Ids = QuerySet[Any, Any]


def find(people: QuerySet[User], term: str) -> QuerySet[User]:
    """Narrow people down to those whom a term finds.

    A whole id: of an account, of a tenant (its members), a subject. The address of a live session. The beginning of
    a session's id. The whole name or short name of a tenant: its members. And whoever has, for each word of the term,
    a word that begins so in their name, address, domain or username.

    The one search for people: of lists, of choices, and of what is chosen by a search for all of it.
    """
    term = shortened(term)
    if not term:
        return people
    if (whole_id := _uuid(term)) is not None:
        return people.filter(pk__in=_called(whole_id, term))
    if (address := _address(term)) is not None:
        return people.filter(pk__in=_with_session_from(address))
    elsewhere = [ids for ids in _elsewhere(term) if _is_of_any(ids, people)]
    by_words = _by_words(term)
    if not elsewhere:
        return people.filter(pk__in=by_words)
    return people.filter(pk__in=User.objects.filter(pk__in=by_words).values("pk").union(*elsewhere))


def shortened(term: str) -> str:
    return term.strip()[:LONGEST_TERM]


def _by_words(term: str) -> list[UUID] | Ids:
    """Return the ids of whoever has these words, looked up first of all, so that no plan tries the words on everybody.

    The planner knows nothing of beginnings: it takes the rarest for one that every fiftieth has, and would walk
    through a million people to find it (ADR 39).
    """
    found = User.objects.filter(begin(WORDS, term)).order_by().values_list("pk", flat=True)
    few = list(found[: FEW + 1])
    return few if len(few) <= FEW else User.objects.filter(begin(WORDS, term)).order_by().values("pk")[:FENCE]


def is_common(people: QuerySet[User], term: str) -> bool:
    """Whether the words of a term, and nothing else, find so many that some are close by wherever one reads."""
    term = shortened(term)
    found = User.objects.filter(begin(WORDS, term)).order_by().values_list("pk", flat=True)
    return found[FEW : FEW + 1].exists() and not any(_is_of_any(ids, people) for ids in _elsewhere(term))


class FoundByWords(admin.ModelAdmin[Any]):
    """A model whose rows are found by their words: there are too few of them to need an index."""

    found_by: ClassVar[tuple[str, ...]] = ("name",)
    search_fields: ClassVar[Any] = ("name",)  # any, to be shown the field: get_search_results decides
    search_help_text: ClassVar[Any] = _("The beginning of each word, in any order.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = shortened(search_term)
        return queryset.filter(begin(words_of(*self.found_by), term)) if term else queryset, False


def begins_with_email(term: str, *, canonical: str) -> Q:
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


def _with_session_from(ip: str) -> Ids:
    return Session.objects.filter(address=ip, expire_date__gt=timezone.now()).values("user_id")


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
