"""Keyset pagination for large tables in the admin: an index leads to the next page, and nothing counts the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import F, Model, OrderBy, QuerySet, Subquery, Value
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from foundation import estimates
from foundation.estimates import bounded_count, estimate, rounded
from foundation.keyset import Beyond

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object
DEEPEST = 100  # pages of an autocomplete; to find more, type another letter


class Side(StrEnum):
    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True, kw_only=True)
class PageCursor:
    """A page as the URL names it: the rows after or before a row. Before no row is the end of the list."""

    side: Side
    pk: Any = None

    @classmethod
    def read(cls, text: str, model: type[Model]) -> Self | None:
        """Return the position, or None for the first page, however it is named. Raises IncorrectLookupParameters."""
        side, _dash, pk = text.partition("-")
        if side not in {*Side}:
            return None
        try:
            return cls(side=Side(side), pk=model._meta.pk.to_python(pk) if pk else None)
        except ValidationError as wrong:
            raise IncorrectLookupParameters from wrong

    def __str__(self) -> str:
        return self.side.value if self.pk is None else f"{self.side}-{self.pk}"


@dataclass(frozen=True, kw_only=True)
class ListOrder:
    """An order by one column and then by the primary key, both in the same direction, like an index."""

    key: Any  # an expression
    descending: bool

    @classmethod
    def of(cls, part: Any) -> Self:
        """Return the order for one of Django's orderings: a name with or without a dash, or an expression."""
        if isinstance(part, str):
            return cls(key=F(part.removeprefix("-")), descending=part.startswith("-"))
        if isinstance(part, OrderBy):
            return cls(key=part.expression, descending=part.descending)
        return cls(key=part, descending=False)

    def keys(self, model: type[Model]) -> list[Any]:
        is_unique = self.key in {F("pk"), F(model._meta.pk.name)}
        return [self.key] if is_unique else [self.key, F("pk")]

    def clauses(self, model: type[Model], *, backwards: bool = False) -> list[OrderBy]:
        return [OrderBy(key, descending=self.descending is not backwards) for key in self.keys(model)]


class KeysetChangeList(ChangeList):
    """Django's list without page numbers: a page is found by the row next to it.

    A list can be sorted only by columns in ``sortable_by``, one at a time. Each needs an index on the column and the
    primary key, and must not be NULL.
    """

    is_keyset = True
    is_counted = False
    order: ListOrder
    has_next: bool
    has_previous: bool

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        self._keep_one_sortable_column()
        self.order = ListOrder.of(super().get_ordering(request, queryset)[0])
        return list(self.order.clauses(self.model))

    def _keep_one_sortable_column(self) -> None:
        """Keep one sortable column in the parameters. Django would also sort by columns that are not sortable."""
        wanted = str(self.params.pop(ORDER_VAR, "")).split(".", maxsplit=1)[0]
        column = wanted.removeprefix("-")
        if column in {str(number) for number in range(len(self.list_display))}:
            name = self.list_display[int(column)]
            if name in (self.sortable_by or ()):
                self.params[ORDER_VAR] = wanted

    def get_results(self, request: HttpRequest) -> None:
        place = PageCursor.read(request.GET.get(PAGE_VAR, ""), self.model)
        rows, has_more = self._page(place)
        if place and (not rows or (place.side is Side.BEFORE and not has_more)):  # the beginning, or the row is gone
            place = None
            rows, has_more = self._page(place)
        is_backwards = place is not None and place.side is Side.BEFORE
        self.has_next = bool(place and place.pk is not None) if is_backwards else has_more
        self.has_previous = has_more if is_backwards else place is not None
        self.result_list = rows
        self.is_exact = not (self.has_next or self.has_previous)
        self.is_counted = self.is_exact
        self.result_count = len(rows) if self.is_exact else self._count(len(rows))
        self._please_django(request)

    def _please_django(self, request: HttpRequest) -> None:
        """Set the attributes that Django's templates and views expect of a list that counts."""
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = bool(self.result_list)
        self.can_show_all = self.multi_page = False
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)

    def _page(self, place: PageCursor | None) -> tuple[list[Any], bool]:
        """Return a page's rows in the list's order, and whether there are more in the direction of travel."""
        is_backwards = place is not None and place.side is Side.BEFORE
        found = self.read(place, self.list_per_page + 1)
        page = found[: self.list_per_page]
        return (page[::-1] if is_backwards else page), len(found) > self.list_per_page

    def read(self, place: PageCursor | None, count: int) -> list[Any]:
        """Return the first ``count`` rows from a position on, in the direction of travel."""
        return list(self.ordered(self.queryset, place)[:count])

    def ordered(self, rows: QuerySet[Any], place: PageCursor | None) -> QuerySet[Any]:
        """Return the rows from a position on, ordered in the direction of travel."""
        is_backwards = place is not None and place.side is Side.BEFORE
        rows = rows.order_by(*self.order.clauses(self.model, backwards=is_backwards))
        if place is not None and place.pk is not None:
            rows = rows.filter(self._beyond(place, descending=self.order.descending is not is_backwards))
        return rows

    def rows_of(self, keys: Sequence[Any]) -> list[Any]:
        """Return the rows with these keys, in the order of the keys."""
        found = self.root_queryset.in_bulk(keys)
        return [found[key] for key in keys if key in found]

    def _beyond(self, place: PageCursor, *, descending: bool) -> Beyond:
        """Return the condition for rows beyond a position.

        The URL contains only the row's key. Its sort value is looked up among the rows that the user may see.
        """
        keys = self.order.keys(self.model)
        beside: list[Any] = [Value(place.pk, output_field=self.lookup_opts.pk)]
        if len(keys) == 2:
            row = self.root_queryset.filter(pk=place.pk).order_by().values(beside=keys[0])
            beside.insert(0, Subquery(row[:1]))
        return Beyond(keys, beside, descending=descending)

    def _count(self, seen: int) -> int:
        """Count up to a limit, if that is cheap, and estimate otherwise.

        After a bulk load the planner's estimate is wrong by orders of magnitude.
        """
        counted = bounded_count(self.countable())
        self.is_counted = counted is not None and counted <= estimates.COUNTED
        return max(seen + 1, counted) if self.is_counted and counted else max(self._estimate(seen), counted or 0)

    def _estimate(self, seen: int) -> int:
        return max(seen + 1, estimate(self.queryset))

    def countable(self) -> QuerySet[Any]:
        """Return the queryset to count. Override it if another form of the same rows is faster to count."""
        rows: QuerySet[Any] = self.queryset
        return rows

    @property
    def total(self) -> str:
        """The number of rows in words: exact if all of them are on this page or were counted."""
        if self.is_exact or self.is_counted:
            return number_format(self.result_count, force_grouping=True)
        if self.result_count < 2 * self.list_per_page:
            return _("more than %(count)s") % {"count": number_format(self.list_per_page, force_grouping=True)}
        if self.query and self.result_count >= estimates.COUNTED:  # the planner cannot estimate searches
            return _("more than %(count)s") % {"count": number_format(estimates.COUNTED, force_grouping=True)}
        return _("about %(count)s") % {"count": number_format(rounded(self.result_count), force_grouping=True)}

    @property
    def previous_link(self) -> str:
        return self._link(PageCursor(side=Side.BEFORE, pk=self.result_list[0].pk)) if self.has_previous else ""

    @property
    def next_link(self) -> str:
        return self._link(PageCursor(side=Side.AFTER, pk=self.result_list[-1].pk)) if self.has_next else ""

    @property
    def first_link(self) -> str:
        return self.get_query_string()

    @property
    def last_link(self) -> str:
        return self._link(PageCursor(side=Side.BEFORE))

    def _link(self, place: PageCursor) -> str:
        return self.get_query_string({PAGE_VAR: str(place)})


class UncountedPaginator(Paginator[Any]):
    """For autocompletes, whose pages have numbers. Each page reads one extra row to find out if there is a next one."""

    def validate_number(self, number: Any) -> int:
        if str(number) not in {str(possible) for possible in range(1, DEEPEST + 1)}:  # int() refuses 5,000 digits
            raise EmptyPage
        return int(number)

    def page(self, number: Any) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        return UncountedPage(rows, number, self)


class UncountedPage(Page[Any]):
    def __init__(self, rows: list[Any], number: int, paginator: UncountedPaginator) -> None:
        super().__init__(rows[: paginator.per_page], number, paginator)
        self._has_more = len(rows) > paginator.per_page

    def has_next(self) -> bool:
        return self._has_more and self.number < DEEPEST


class KeysetAdmin(Base):
    """A ModelAdmin for large tables.

    No page, filter, action or autocomplete counts rows. The action to delete selected rows is not offered, because
    Django would first load all of them and all related rows.
    """

    paginator = UncountedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by: ClassVar[Any] = ()
    list_per_page = 50

    def get_changelist(self, request: HttpRequest, **_options: Any) -> type[ChangeList]:
        return KeysetChangeList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    @admin.display(description="")  # the list's header has its own box
    def action_checkbox(self, obj: Model) -> SafeString:
        """Render the box directly: Django's widget and its template take a quarter of the whole list's time."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            _("Select this object for an action - {}").format(obj),
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        words = {"selection_note_all": _("All are selected, on every page.")}
        return super().changelist_view(request, words | (extra_context or {}))
