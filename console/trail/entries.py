"""The trail in the admin, for reading and filtering. Nothing can be written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit import triggers
from audit.context import ActorKind
from audit.declarations import declaration_of, tables
from audit.events import Event
from audit.models import Entry, Source
from audit.reading import labels, point_in_time
from audit.reading.filters import TrailFilterForm
from audit.reading.presentation import EntryPresentation, personal_of
from audit.reading.search import Condition
from audit.reading.visibility import ObjectReference, Visibility
from audit.tallies import SLACK
from console.lists.paging import KeysetAdmin
from console.trail.history import history
from console.trail.listing import TrailList
from foundation.declarations import Audited, NotAudited

NAMED_FIELDS = 4  # named in a row of the list; the others are counted


@admin.register(Entry)
class EntryAdmin(KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ["when", "who", "happened", "what", "concerned"]
    list_display_links = ["when"]
    ordering = ["-id"]
    actions = None
    change_list_template = "admin/audit/entry/list.html"
    filters_form: ClassVar[type[TrailFilterForm]] = TrailFilterForm

    def get_urls(self) -> list[URLPattern]:
        models, past = self.admin_site.admin_view(self.models_view), self.admin_site.admin_view(self.point_in_time_view)
        own = [
            path("models/", models, name="audit_models"),
            path("<int:entry_id>/point-in-time/<slug:side>/", past, name="audit_point_in_time"),
        ]
        return [*own, *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **_options: Any) -> type[ChangeList]:
        return TrailList

    def get_filters_form(self, request: HttpRequest) -> TrailFilterForm:
        return self.filters_form(request.GET)

    def scope(self, request: HttpRequest) -> Sequence[Condition]:
        """Return the scope of this admin's queryset as search conditions, so that an index can apply it."""
        return ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Trail")} | (extra_context or {}))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one entry. Only GET is allowed."""
        if object_id is None or request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        entry = self.get_object(request, object_id)
        if entry is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]  # Django's own
        if not self.has_view_permission(request, entry):
            raise PermissionDenied
        return self._page(request, "page.html", self.describe(request, entry) | (extra_context or {}))

    def describe(self, request: HttpRequest, entry: Entry) -> dict[str, Any]:
        """Return the context for the page of an entry."""
        visibility = Visibility(request, self.admin_site)
        visibility.gather([entry], values=True)
        presentation = EntryPresentation(entry=entry, visibility=visibility, personal=personal_of(entry))
        changes_a_row = entry.action in labels.CHANGES
        return {
            "title": _headline(entry, visibility),
            "entry": entry,
            "telling": presentation,
            "lines": presentation.changed_fields(),
            "has_both": entry.before is not None and entry.after is not None,
            "actor": visibility.actor(entry),
            "behind": visibility.behind(entry),
            "reason": reason_of(entry, self.get_queryset(request)),
            "object": visibility.object(entry),
            "kind": capfirst(labels.kind_of_object(entry.object_table)),
            "person": visibility.person(entry),
            "happened": labels.happening(entry.action),
            "history": history(entry.object_table, entry.object_id or "") if entry.object_table else "",
            "sides": _sides(entry) if changes_a_row and presentation.model else [],
        }

    def point_in_time_view(self, request: HttpRequest, entry_id: int, side: str) -> HttpResponse:
        """Show the object as it was just before or just after an entry."""
        entry = self.get_object(request, str(entry_id))
        model = labels.model_of(entry.object_table) if entry else None
        if entry is None or model is None or entry.action not in labels.CHANGES or side not in {"before", "after"}:
            raise Http404
        if not self.has_view_permission(request, entry):
            raise PermissionDenied
        visibility = Visibility(request, self.admin_site)
        rewind = point_in_time.before if side == "before" else point_in_time.after
        detail, past = "", None
        try:
            past = rewind(entry, model, self.get_queryset(request), visibility)
        except point_in_time.TooFarBack:
            detail = gettext("So much has changed since then that it cannot be worked out here.")
        except point_in_time.NotVisible:
            detail = gettext("What became of this object is not for you to see, so what it was cannot be told.")
        what = visibility.object(entry)
        context = {
            "title": _("%(object)s as it was") % {"object": what.text if what else ""},
            "entry": entry,
            "object": what,
            "kind": capfirst(labels.name_of_model(model)),
            "past": past,
            "values": past.changed_fields(model) if past else [],
            "detail": detail,
            "side": side,
            "sides": _sides(entry),
            "history": history(entry.object_table or "", entry.object_id or ""),
        }
        return self._page(request, "point_in_time.html", context)

    def models_view(self, request: HttpRequest) -> HttpResponse:
        """List which models are audited and which are not, and whether the database's triggers are in place."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = sorted(map(_declared, tables()), key=lambda row: (row.app, row.name))
        context = {
            "title": _("What the trail records"),
            "audited": [row for row in rows if not isinstance(row.declaration, NotAudited)],
            "exempt": [row for row in rows if isinstance(row.declaration, NotAudited)],
            "faults": triggers.drift(),
        }
        return self._page(request, "models.html", context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Redirect to the entry itself, which has no history."""
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:audit_entry_change", args=[object_id]))

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        everywhere = self.admin_site.each_context(request)
        return TemplateResponse(
            request, f"admin/audit/entry/{template}", {**everywhere, "opts": self.opts, "media": self.media, **context}
        )

    @admin.display(description=_("time"))
    def when(self, entry: Entry, _visibility: Visibility) -> SafeString:
        moment = localtime(entry.at)
        exact = moment.isoformat()
        html = (
            f'<time datetime="{exact}" title="{exact.replace("T", " ")}">{moment:%Y-%m-%d %H:%M:%S} {moment:%Z}</time>'
        )
        return mark_safe(html)  # noqa: S308  # only numbers and the name of the time zone

    @admin.display(description=_("who"))
    def who(self, entry: Entry, visibility: Visibility) -> SafeString | str:
        named = visibility.actor(entry)
        return linked(replace(named, kind="") if entry.actor_kind == ActorKind.PERSON else named)

    @admin.display(description=_("what happened"))
    def happened(self, entry: Entry, _visibility: Visibility) -> SafeString | str:
        text = labels.happening(entry.action)
        if entry.source == Source.EVENT:
            refusal = self._refusal(entry.details or {})
            return format_html('{} <span class="quiet">{}</span>', text, refusal) if refusal else text
        if entry.action != "update":
            return text
        model = labels.model_of(entry.object_table)
        names = [labels.name_of_column(model, column) for column in entry.after or {}]
        fields = ", ".join(names[:NAMED_FIELDS])
        if len(names) > NAMED_FIELDS:
            fields = gettext("%(names)s and %(count)d more") % {"names": fields, "count": len(names) - NAMED_FIELDS}
        return format_html('{} <span class="quiet">{}</span>', text, fields)

    def _refusal(self, details: Mapping[str, Any]) -> str:
        """Return the reason, provider and reference of a refusal, as far as they are known."""
        if not details.get("reason"):
            return ""
        parts = (
            capfirst(labels.readable(str(details["reason"]))),
            self.provider_name(str(details.get("provider") or "")),
            str(details.get("reference") or ""),
        )
        return " · ".join(filter(None, parts))

    def provider_name(self, provider: str) -> str:
        """Return a provider's display name."""
        return provider

    @admin.display(description=_("object"))
    def what(self, entry: Entry, visibility: Visibility) -> SafeString | str:
        named = visibility.object(entry)
        return linked(named) if named else "-"

    @admin.display(description=_("person"))
    def concerned(self, entry: Entry, visibility: Visibility) -> SafeString | str:
        named = visibility.person(entry)
        return linked(replace(named, kind="")) if named else "-"


def reason_of(entry: Entry, visible: QuerySet[Entry]) -> str:
    """Return the entry's own reason, or the one that was given for its request or batch."""
    if entry.reason:
        return entry.reason
    same = Q()
    for name in ("request_id", "batch_id"):
        if getattr(entry, name):
            same |= Q(**{name: getattr(entry, name)})
    if not same:
        return ""
    near = (entry.at - SLACK, entry.at + SLACK)
    given = visible.filter(same, source=Source.EVENT, action=Event.REASON_GIVEN, at__range=near).order_by("-id")
    return next((found.reason for found in given[:1] if found.reason), "")


def linked(named: ObjectReference) -> SafeString:
    """Render an object's kind and name, as a link if possible, with the whole id as its title."""
    kind = f'<span class="quiet">{escape(named.kind)}</span> ' if named.kind else ""
    name = f"<code>{escape(named.text)}</code>" if named.is_short else escape(named.text)
    tag, place = ("a", f' href="{escape(named.url)}"') if named.url else ("span", "")
    return mark_safe(f'{kind}<{tag}{place} title="{escape(named.id)}">{name}</{tag}>')  # noqa: S308  # each part is escaped


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A model and its declaration, for the page that lists all models."""

    app: str
    name: str
    declaration: Audited | NotAudited | None

    @property
    def never_stored(self) -> str:
        return self._columns("secret")

    @property
    def can_be_erased(self) -> str:
        return self._columns("personal")

    @property
    def left_out(self) -> str:
        return self._columns("ignored")

    def _columns(self, treatment: str) -> str:
        return ", ".join(sorted(getattr(self.declaration, treatment, ())))


def _declared(model: type[Model]) -> Declared:
    app = apps.get_app_config(model._meta.app_label)
    return Declared(app=str(app.verbose_name), name=labels.name_of_model(model), declaration=declaration_of(model))


def _sides(entry: Entry) -> list[tuple[str, str, str]]:
    sides = []
    for side, label in (("before", _("Just before this entry")), ("after", _("Just after this entry"))):
        sides.append((side, str(label), reverse("admin:audit_point_in_time", args=[entry.pk, side])))
    return sides


def _headline(entry: Entry, visibility: Visibility) -> str:
    text = labels.happening(entry.action)
    named = visibility.object(entry)
    if entry.action not in labels.CHANGES or named is None:
        return text.removesuffix(".")
    return f"{text}: {named.kind} {named.text}"
