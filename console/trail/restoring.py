"""Restoring values from before an entry, through the object's own form in the admin and with the user's permissions.

So a restored value passes the same checks as a typed one: the permissions of the object's admin, the rules of
delegation, validation, and the functions that every change goes through. A field that is not in the form cannot be
restored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.context import acting
from audit.events import Event, record
from audit.models import Entry
from audit.reading import labels
from audit.reading.presentation import ChangedField, EntryPresentation, Value, ValueState, personal_of, show
from audit.reading.visibility import ObjectReference, Visibility
from console.reauthentication import redirect_to_reauthenticate

if TYPE_CHECKING:
    from console.trail.entries import EntryAdmin as Base
else:
    Base = object

Form = forms.ModelForm[Any]


@dataclass(frozen=True, kw_only=True)
class Restorable:
    """One field, with its value now and its value before the entry."""

    name: str
    label: str
    now: Value
    then: Value
    value: Any

    @property
    def is_different(self) -> bool:
        return self.now.text != self.then.text


@dataclass(kw_only=True)
class Restoring:
    """Restores values from before an entry into the current row, for one user."""

    request: HttpRequest
    entry: Entry
    row: Model
    model_admin: "admin.ModelAdmin[Any]"
    visibility: Visibility

    def __post_init__(self) -> None:
        everywhere = getattr(self.model_admin, "fields_to_restore", None)  # if the admin has several forms
        fields = {"fields": everywhere(self.request, self.row)} if everywhere else {}
        self.form_class = self.model_admin.get_form(self.request, self.row, change=True, **fields)
        self.personal = personal_of(self.entry)

    @property
    def named(self) -> ObjectReference:
        return self.visibility.named(type(self.row), str(self.row.pk))

    def fields(self) -> list[Restorable]:
        """Return the fields that the entry changed, that the form contains and that have another value now."""
        form = self.form_class(instance=self.row)
        presentation = EntryPresentation(entry=self.entry, visibility=self.visibility, personal=self.personal)
        found = (self._restorable(form, line) for line in presentation.changed_fields() if line.is_changed)
        return [field for field in found if field and field.is_different]

    def restore(self, names: set[str]) -> Form:
        """Fill in these fields, save the form if it is valid, and return it."""
        chosen = {field.name: field.value for field in self.fields() if field.name in names}
        form = self._filled(chosen)
        if not chosen:
            form.add_error(None, _("Choose at least one field."))
        if not form.is_valid():
            return form
        with transaction.atomic(), acting(reason=f"restored from entry {self.entry.pk}"):
            row = self.model_admin.save_form(self.request, form, change=True)
            self.model_admin.save_model(self.request, row, form, change=True)
            self.model_admin.save_related(self.request, form, [], change=True)
            record(
                Event.VALUE_RESTORED,
                person=self.entry.person,
                object=row,
                entry=self.entry.pk,
                fields=sorted(chosen),
            )
        return form

    def _restorable(self, form: Any, line: ChangedField) -> Restorable | None:
        field = labels.field_of(type(self.row), line.column)
        if field is None or field.primary_key or line.before is None:
            return None
        if field.name not in form.fields or form.fields[field.name].disabled:
            return None
        if line.before.state not in {ValueState.SHOWN, ValueState.EMPTY}:
            return None
        try:
            value = field.to_python(self._stored(line.column))
        except ValidationError:
            return None
        now = show(type(self.row), line.column, _as_json(field.value_from_object(self.row)), self.visibility)
        return Restorable(name=field.name, label=line.name, now=now, then=line.before, value=value)

    def _stored(self, column: str) -> Any:
        value = (self.entry.before or {}).get(column)
        if value == labels.PERSONAL and self.personal is not None:
            return (self.personal.before or {}).get(column)
        return value

    def _filled(self, chosen: Mapping[str, Any]) -> Form:
        """Return the form with the data that a browser would post: the current row with the chosen values."""
        shown = self.form_class(instance=self.row, initial=dict(chosen))
        data = QueryDict(mutable=True)
        for name, field in shown.fields.items():
            if not field.disabled:
                _write(data, shown.add_prefix(name), field, shown[name].value())
        filled: Form = self.form_class(data=data, files=None, instance=self.row)
        return filled


class RestoreAdmin(Base):
    """Adds restoring values to the admin of the trail."""

    def describe(self, request: HttpRequest, entry: Entry) -> dict[str, Any]:
        restoring = self.restoring(request, entry)
        can_restore = bool(restoring and restoring.fields())
        restore = reverse(f"{self.admin_site.name}:audit_restore", args=[entry.pk]) if can_restore else ""
        return {**super().describe(request, entry), "restore": restore}

    def restoring(self, request: HttpRequest, entry: Entry, *, lock: bool = False) -> Restoring | None:
        """Return None if nothing can be restored: not an update, no such row, or no permission to change it."""
        model = labels.model_of(entry.object_table)
        model_admin = self.admin_site._registry.get(model) if model else None  # noqa: SLF001  # as Django does
        if entry.action != "update" or model is None or model_admin is None:
            return None
        visibility = Visibility(request, self.admin_site)
        visibility.gather([entry], values=True)
        row = visibility.row(model, entry.object_id or "")
        if row is None or not model_admin.has_change_permission(request, row):
            return None
        if lock:
            row = model_admin.get_queryset(request).select_for_update(of=("self",)).get(pk=row.pk)
        return Restoring(request=request, entry=entry, row=row, model_admin=model_admin, visibility=visibility)

    def restore_view(self, request: HttpRequest, entry_id: int) -> HttpResponseBase:
        """GET shows what would be written, POST writes it. Both require reauthentication."""
        entry = self.get_object(request, str(entry_id))
        if entry is None:
            raise Http404
        if not self.has_view_permission(request, entry):
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        restoring = self.restoring(request, entry, lock=request.method == "POST")
        if restoring is None:
            raise PermissionDenied
        if request.method == "POST":
            return self._restore(request, restoring)
        return self._ask(request, restoring)

    def _restore(self, request: HttpRequest, restoring: Restoring) -> HttpResponse:
        form = restoring.restore(set(request.POST.getlist("fields")))
        if not form.is_valid():
            return self._ask(request, restoring, form)
        messages.success(request, _("Put back as it was. The trail has an entry of this too."))
        return HttpResponseRedirect(restoring.named.url or reverse("admin:audit_entry_changelist"))

    def _ask(self, request: HttpRequest, restoring: Restoring, form: forms.BaseForm | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": _("Put back as it was"),
            "entry": restoring.entry,
            "object": restoring.named,
            "fields": restoring.fields(),
            "errors": _errors(form) if form else [],
            "back": reverse("admin:audit_entry_change", args=[restoring.entry.pk]),
        }
        return TemplateResponse(request, "admin/audit/entry/restore.html", context, status=400 if form else 200)


def _errors(form: forms.BaseForm) -> list[str]:
    return [
        str(error) if name == "__all__" else f"{form.fields[name].label}: {error}"
        for name, errors in form.errors.items()
        for error in errors
    ]


def _write(data: QueryDict, name: str, field: forms.Field, value: Any) -> None:
    """Write a value to the data as the field's widget would have posted it."""
    widget: Any = field.widget
    if isinstance(widget, forms.MultiWidget):
        parts: Any = value if isinstance(value, list | tuple) else widget.decompress(value)
        names: list[str] = getattr(widget, "widgets_names")  # noqa: B009  # missing in the stubs
        for suffix, part, inner in zip(names, parts, widget.widgets, strict=True):
            data[f"{name}{suffix}"] = inner.format_value(part) or ""
    elif isinstance(widget, forms.CheckboxInput):
        if value:
            data[name] = "on"
    elif isinstance(value, list | tuple):
        data.setlist(name, [str(item) for item in value])
    elif value is not None:
        data[name] = str(value)


def _as_json(value: Any) -> Any:
    """Return a value of the row in the form in which the trail stores it."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
