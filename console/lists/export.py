"""Exports of a list in the admin, as one stream of the rows that match its search, its filters and the user's scope."""

import csv
import io
import json
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import Event, record
from console.reauthentication import redirect_to_reauthenticate
from console.request_context import CapturedContext
from foundation.canonical_email import IGNORABLE

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

CHUNK = 2000  # rows in memory at a time
PATIENCE = "60s"  # for a client that stops reading: the transaction must not stay open for ever
FORMULA = frozenset(
    "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
)  # how a formula begins; also the full-width and small forms, and the minus sign
SEPARATORS = ",;|\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
IN_JSON = ";|"  # the others are part of JSON's syntax, or escaped in it
QUOTES = frozenset('"`\u201a\u201e\uff02\uff07')
QUOTATION = frozenset({"Pi", "Pf"})  # Unicode categories of all other quotation marks
BYTE_ORDER_MARK = "\ufeff"  # makes Excel read the file as UTF-8


class Format(ABC):
    """Writes rows as text, a chunk at a time."""

    name: str
    label: Any
    content_type: str

    @abstractmethod
    def write(self, headings: Sequence[str], chunks: Iterator[list[tuple[Any, ...]]]) -> Iterator[str]: ...


class CSV(Format):
    name, label, content_type = "csv", _("Export as CSV"), "text/csv"

    def write(self, headings: Sequence[str], chunks: Iterator[list[tuple[Any, ...]]]) -> Iterator[str]:
        sheet = io.StringIO()
        sheet.write(BYTE_ORDER_MARK)
        writer = csv.writer(sheet)
        writer.writerow(headings)
        for chunk in chunks:
            writer.writerows([harmless(cell) for cell in row] for row in chunk)
            yield sheet.getvalue()
            sheet.seek(0)
            sheet.truncate()
        yield sheet.getvalue()  # the headings, if there are no rows


class JSON(Format):
    """An array, so that an incomplete export is not valid JSON."""

    name, label, content_type = "json", _("Export as JSON"), "application/json"

    def write(self, headings: Sequence[str], chunks: Iterator[list[tuple[Any, ...]]]) -> Iterator[str]:
        before = "[\n"
        for chunk in chunks:
            objects = (json.dumps(dict(zip(headings, row, strict=True)), default=_plain) for row in chunk)
            yield before + ",\n".join(objects)
            before = ",\n"
        yield "[]\n" if before == "[\n" else "\n]\n"


class JSONLines(Format):
    """An object on each line, which can be read while it arrives and cut off after any line."""

    name, label, content_type = "jsonl", _("Export as JSON lines"), "application/jsonl"

    def write(self, headings: Sequence[str], chunks: Iterator[list[tuple[Any, ...]]]) -> Iterator[str]:
        for chunk in chunks:
            yield "".join(f"{json.dumps(dict(zip(headings, row, strict=True)), default=_plain)}\n" for row in chunk)


FORMATS: Mapping[str, Format] = {form.name: form for form in (CSV(), JSON(), JSONLines())}


@dataclass(kw_only=True)
class Export:
    """One running export. It opens its own context, as the request's transaction ends before the first byte."""

    rows: QuerySet[Any]
    columns: Mapping[str, str]
    form: Format
    query: str
    count: int = 0
    is_finished: bool = False
    context: CapturedContext = field(default_factory=CapturedContext.capture)

    def begin(self) -> None:
        """Record the start in the request's transaction, so that the trail shows even an export that is killed."""
        self._record(Event.EXPORT_STARTED)

    def stream(self) -> Iterator[str]:
        try:
            with self.context.in_transaction():
                _set_time_limit(PATIENCE)
                yield from self.form.write(list(self.columns), self._chunks())
            self.is_finished = True
        finally:
            with self.context.acting():
                self._record(Event.EXPORT_ENDED, rows=self.count, finished=self.is_finished)

    def _chunks(self) -> Iterator[list[tuple[Any, ...]]]:
        rows = self.rows.values_list(*self.columns.values()).iterator(chunk_size=CHUNK)
        while chunk := list(islice(rows, CHUNK)):
            self.count += len(chunk)
            yield chunk

    def _record(self, event: Event, **details: Any) -> None:
        """Record an event. The query goes to the personal values, because it may contain an email address."""
        what = self.rows.model._meta.label
        personal = {"query": self.query} if self.query else None
        record(event, model=what, format=self.form.name, personal=personal, columns=list(self.columns), **details)


class ExportAdmin(Base):
    """A ModelAdmin whose list can be exported.

    ``export_columns`` maps headings to columns. Nothing else is exported. It must not contain secrets.
    """

    export_columns: ClassVar[Mapping[str, str]]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<slug:form>/", view, name=self._export_name), *super().get_urls()]

    @property
    def _export_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        exports = [
            {"label": form.label, "url": reverse(f"admin:{self._export_name}", args=[form.name])}
            for form in FORMATS.values()
        ]
        return super().changelist_view(request, {"exports": exports} | (extra_context or {}))

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Export the list with the search and filters in the URL. Only by POST, so that no other site can start one.

        GET, for example after signing in again, redirects to the list with the button.
        """
        if form not in FORMATS:
            raise Http404
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        query = request.META.get("QUERY_STRING", "")
        the_list = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        back_to = f"{the_list}?{query}" if query else the_list
        if request.method != "POST":
            return HttpResponseRedirect(back_to)
        if reauthentication := redirect_to_reauthenticate(request, back_to=back_to):
            return reauthentication
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            raise Http404 from None
        export = Export(rows=rows, columns=self.export_columns, form=FORMATS[form], query=query)
        export.begin()
        return self._answer(export)

    def _answer(self, export: Export) -> StreamingHttpResponse:
        name = f"{self.opts.model_name}-{timezone.now():%Y-%m-%dT%H%M%S}.{export.form.name}"
        response = StreamingHttpResponse(export.stream(), content_type=f"{export.form.content_type}; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def harmless(cell: Any) -> str:
    """Return a cell's text so that a spreadsheet does not run it as a formula (OWASP, CSV injection).

    A person can choose a name that is a formula. Some spreadsheets also split cells at semicolons, tabs or line ends,
    so each part is treated like a cell.
    """
    text = _text(cell)
    if isinstance(cell, int | float | Decimal):
        return text  # a negative number is not a formula
    defused = "".join(_defused(text, IN_JSON if isinstance(cell, dict | list) else SEPARATORS))
    if defused == text and not text.startswith(("\t", "\r", "\n")):
        return text
    return defused if defused.startswith("'") else f"'{defused}"


def _defused(text: str, separators: str) -> Iterator[str]:
    """Yield the text with an apostrophe before each part that begins like a formula after blanks or quotation marks."""
    before = ""  # the ignored beginning of a part that may still be a formula
    is_begin = True
    for sign in text:
        if sign in separators:
            yield before + sign
            before, is_begin = "", True
        elif not is_begin:
            yield sign
        elif sign in FORMULA:
            yield f"'{before}{sign}"
            before, is_begin = "", False
        elif _comes_before(sign):
            before += sign
        else:
            yield before + sign
            before, is_begin = "", False
    yield before


def _comes_before(sign: str) -> bool:
    """Return whether a program may ignore this character before a formula: blank, invisible or a quotation mark."""
    is_unseen = sign.isspace() or not sign.isprintable() or sign in IGNORABLE
    return is_unseen or sign in QUOTES or unicodedata.category(sign) in QUOTATION


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False)
    return str(_plain(cell)) if not isinstance(cell, str) else cell


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _set_time_limit(time: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [time])
