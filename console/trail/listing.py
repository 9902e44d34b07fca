"""The list of entries in the admin: a search, page by page, that shows how far it has looked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import Entry
from audit.reading.filters import TrailFilterForm
from audit.reading.search import MOST_SCANNED, Question, SearchResult, SearchTooSlow, find
from audit.reading.visibility import ObjectReference, Visibility
from console.lists.paging import KeysetChangeList, ListOrder, PageCursor, Side

TABLE = '<div class="results"><table id="result_list"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
EXTRA = frozenset({"object", "person", "actor", "tenant", "source", "request", "batch", "ip_address"})


class TrailList(KeysetChangeList):
    """Django's list, with rows from ``audit.reading.search``."""

    model_admin: Any  # an EntryAdmin
    form: TrailFilterForm
    question: Question
    found: SearchResult
    is_too_slow = False
    rows_in_words = _("entries")

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Return all entries that match the filters, for exports. Pages use ``_find`` instead."""
        self.has_filters = self.has_active_filters = False
        self.filter_specs: list[Any] = []
        self.order = ListOrder.of("-id")
        self.form = self.model_admin.get_filters_form(request)
        if not self.form.is_valid():
            return self.root_queryset.none()
        asked = self.form.question()
        self.question = replace(asked, conditions=[*self.model_admin.scope(request), *asked.conditions])
        return self.question.of(self.root_queryset).order_by("-id")

    def get_results(self, request: HttpRequest) -> None:
        place = PageCursor.read(request.GET.get("p", ""), self.model)
        self.found = self._find(place)
        if place and place.side is Side.BEFORE and not self.found.has_more and not self.found.entries:
            place = None  # the beginning
            self.found = self._find(None)
        is_backwards = place is not None and place.side is Side.BEFORE
        self.result_list = self.found.entries[::-1] if is_backwards else self.found.entries
        self.has_next = bool(place and place.pk is not None) if is_backwards else self.found.has_more
        self.has_previous = self.found.has_more if is_backwards else place is not None
        self.is_exact = not (self.has_next or self.has_previous or self.is_too_slow)
        self.result_count = len(self.result_list) if self.is_exact else self._estimate(len(self.result_list))
        self._is_backwards = is_backwards
        self._please_django(request)
        self._show_to(request)

    def _find(self, place: PageCursor | None) -> SearchResult:
        if not self.form.is_valid():
            return SearchResult(entries=[])
        try:
            return find(
                self.root_queryset,
                self.question,
                beyond=place.pk if place else None,
                ascending=place is not None and place.side is Side.BEFORE,
                count=self.list_per_page,
            )
        except SearchTooSlow:
            self.is_too_slow = True
            return SearchResult(entries=[])

    def _show_to(self, request: HttpRequest) -> None:
        self.visibility = Visibility(request, self.model_admin.admin_site)
        self.visibility.gather(self.result_list)

    @property
    def table(self) -> SafeString:
        """The page's entries as Django's HTML for a list, rendered in a tenth of the time."""
        if not self.result_list:
            return SafeString()
        columns = [(name, getattr(self.model_admin, name)) for name in self.model_admin.list_display]
        heads = format_html_join(
            "",
            '<th scope="col" class="column-{}"><div class="text"><span>{}</span></div><div class="clear"></div></th>',
            ((name, capfirst(cell.short_description)) for name, cell in columns),
        )
        rows = SafeString("".join(self._row(entry, columns) for entry in self.result_list))
        return format_html(TABLE, heads, rows)

    def _row(self, entry: Entry, columns: Sequence[tuple[str, Any]]) -> str:
        """Render a row. Cells depend on the user's visibility too, which Django's own list does not pass on."""
        (link, head), *others = [(name, conditional_escape(cell(entry, self.visibility))) for name, cell in columns]
        first = f'<th class="field-{link}"><a href="{entry.pk}/change/">{head}</a></th>'
        rest = "".join(f'<td class="field-{name}">{text}</td>' for name, text in others)
        return f"<tr>{first}{rest}</tr>"

    @property
    def of_one_object(self) -> ObjectReference | None:
        """The object whose history this is, if the only filter is an object."""
        asked = {name: value for name, value in getattr(self.form, "cleaned_data", {}).items() if value}
        if asked.keys() != {"table", "object"}:
            return None
        return self.visibility.object(Entry(object_table=asked["table"], object_id=asked["object"]))

    @property
    def uses_more_filters(self) -> bool:
        if self.of_one_object:
            return False
        return bool(self.form.errors) or any(self.form.data.get(name) for name in EXTRA)

    @property
    def scanned_to(self) -> str:
        """A note on how many entries were scanned, if that did not fill the page."""
        if self.found.reached is None:
            return ""
        return gettext(
            "%(count)s entries were looked through for this page. There may be more beyond: go on, or narrow it down "
            "by time."
        ) % {"count": f"{MOST_SCANNED:,}"}

    @property
    def previous_link(self) -> str:
        return self._beside(Side.BEFORE) if self.has_previous else ""

    @property
    def next_link(self) -> str:
        return self._beside(Side.AFTER) if self.has_next else ""

    def _beside(self, side: Side) -> str:
        """Return a link that continues from the last entry scanned, not from the last one found."""
        is_ahead = self._is_backwards is (side is Side.BEFORE)
        if is_ahead and self.found.reached is not None:
            return self._link(PageCursor(side=side, pk=self.found.reached))
        if not self.result_list:
            return self.first_link if side is Side.BEFORE else self.last_link
        row = self.result_list[0 if side is Side.BEFORE else -1]
        return self._link(PageCursor(side=side, pk=row.pk))
