"""One person's page in the admin: who they are, where they belong, how they come in, what happened."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import ceiling, memberships
from accounts.admin.identities import IdentityInline
from accounts.admin.tenants import MembershipForm, add, change_role, keep
from accounts.admin_scope import NarrowChoices, Scoped, actor
from accounts.browsers import name_browser
from accounts.models import Membership, User
from accounts.provider_names import name_of
from accounts.sessions import Because, end_others
from accounts.tenancy.context import current
from audit.models import Entry

FROM_THE_DOOR_ON = ("second_factor_required", "username", "password")
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
SHOWN_ENTRIES = 20


class UserForm(UserChangeForm[User]):
    """The last superuser stays one, and active."""

    person: User

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        still = {name: cleaned.get(name, getattr(self.instance, name)) for name in ("is_active", "is_superuser")}
        if not all(still.values()) and ceiling.is_last_superuser(self.instance):
            ceiling.note_refusal(self.person, self.instance, because="last_superuser")
            raise ValidationError(ceiling.LAST_SUPERUSER)
        return cleaned


class MembershipFormSet(BaseInlineFormSet[Membership, User, Any]):
    """Writes through ``accounts.memberships``, like every other place."""

    request: HttpRequest

    def clean(self) -> None:
        super().clean()
        for form in self.deleted_forms:
            if form.instance.pk and not ceiling.may_edit(actor(self.request), form.instance.user):
                ceiling.note_refusal(actor(self.request), form.instance, because="person_above")
                raise ValidationError(ceiling.ABOVE)

    def add_fields(self, form: Any, index: int | None) -> None:
        """Django names the column of these boxes, and not each of them."""
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = gettext("Remove from the tenant")

    def save_new(self, form: Any, commit: bool = True) -> Membership:  # noqa: FBT001, FBT002  # Django's signature
        membership: Membership = super().save_new(form, commit=False)
        add(self.request, membership)
        return membership

    def save_existing(self, form: Any, obj: Membership, commit: bool = True) -> Membership:  # noqa: FBT001, FBT002
        membership: Membership = super().save_existing(form, obj, commit=False)
        change_role(self.request, membership)
        return membership

    def delete_existing(self, obj: Membership, commit: bool = True) -> None:  # noqa: FBT001, FBT002
        memberships.remove(obj, keep=keep(self.request, obj.user))


class MembershipInline(NarrowChoices[Membership], admin.TabularInline[Membership, User]):
    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("tenant", "role", "is_primary", "created_at")
    readonly_fields = ("is_primary", "created_at")
    autocomplete_fields = ("tenant", "role")
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form = type(formset.form.__name__, (formset.form,), {"person": actor(request)})
        return type(formset.__name__, (formset,), {"request": request})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor(request).is_superuser


class UserPage(Scoped[User]):
    """What a tenant's administrators see of its people, and the little of it that they may change."""

    form = UserForm
    inlines = (MembershipInline, IdentityInline)
    readonly_fields = ("id", "created_at", "sessions_shown", "history_shown")
    fieldsets = (
        (
            None,
            {"fields": ("id", "name", "email", "email_verified", "created_at", "is_active", "second_factor_required")},
        ),
        (_("Sessions"), {"fields": ("sessions_shown",)}),
        (_("History"), {"fields": ("history_shown",)}),
        (_("Local account"), {"fields": ("username", "password"), "classes": ("collapse",)}),
        (_("Rights everywhere"), {"fields": RIGHTS, "classes": ("collapse",)}),
    )
    for_their_tenant = (
        (None, {"fields": ("id", "name", "email", "email_verified", "created_at", "is_active")}),
        (_("Sessions"), {"fields": ("sessions_shown",)}),
        (_("History"), {"fields": ("history_shown",)}),
    )

    def scoped(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(pk__in=Membership.objects.values("user_id"))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None or actor(request).is_superuser:
            return super().get_fieldsets(request, obj)
        shown = {"sessions_shown": "accounts.view_session", "history_shown": "audit.view_entry"}
        hidden = {name for name, right in shown.items() if not actor(request).has_perm(right)}
        return [part for part in self.for_their_tenant if not hidden & set(part[1]["fields"])]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        mine = super().get_readonly_fields(request, obj)
        if obj is None or actor(request).is_superuser:
            return mine
        return (*mine, "email", "email_verified")

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        return list(super().get_inlines(request, obj)) if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"person": actor(request)})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """An account that other tenants have too is no single tenant's to change."""
        person = actor(request)
        if obj is None or person.is_superuser or not super().has_change_permission(request, obj):
            return super().has_change_permission(request, obj)
        if person.standing is None or not ceiling.may_edit(person, obj):
            return False
        return not ceiling.belong_elsewhere([obj], person.standing.tenant_id)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return actor(request).is_superuser

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002  # Django's signature
        """Who sets somebody's password can be them."""
        if not actor(request).is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)  # type: ignore[no-any-return,misc]  # Django's UserAdmin has it

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        with transaction.atomic():
            user = self.get_object(request, object_id)
            if user is not None and request.method == "POST" and ceiling.is_last_superuser(user):
                ceiling.note_refusal(actor(request), user, because="last_superuser")
                self.message_user(request, ceiling.LAST_SUPERUSER, messages.ERROR)
                return HttpResponseRedirect(request.path.removesuffix("delete/"))
            return super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        end_others(obj, keep=None, because=Because.ADMINISTRATOR)
        super().delete_model(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Rights that changed, or an account that is closed, end the sessions that knew it otherwise."""
        super().save_related(request, form, formsets, change)
        changed = set(form.changed_data)
        if "is_active" in changed and not form.instance.is_active:
            end_others(form.instance, keep=None, because=Because.DEACTIVATED)
        elif changed & {*RIGHTS, *FROM_THE_DOOR_ON} and change:
            end_others(form.instance, keep=keep(request, form.instance), because=Because.ROLE_CHANGED)

    @admin.display(description=_("sessions"))
    def sessions_shown(self, user: User) -> str:
        """A table and not an inline, which would carry the keys that open the sessions."""
        rows = (
            (
                session.public_id,
                name_browser(session.user_agent),
                session.address or "",
                name_of(session.provider) if session.provider else gettext("Local password"),
                date_format(session.last_seen_at, "DATETIME_FORMAT"),
            )
            for session in user.sessions.live()
        )
        heads = (gettext("Session"), gettext("Browser"), gettext("Address"), gettext("Through"), gettext("Last seen"))
        return _table(heads, rows) or gettext("None.")

    @admin.display(description=_("history"))
    def history_shown(self, user: User) -> str:
        """The newest of what concerns the person: of the tenant's own part, for its administrators."""
        heads = (gettext("Time"), gettext("What"), gettext("By"), gettext("Object"))
        return _table(heads, map(_told, self.entries(user))) or gettext("Nothing yet.")

    def entries(self, user: User) -> QuerySet[Entry]:
        scope = current()
        of_person = Entry.objects.filter(person=str(user.pk)).order_by("-id")
        return (of_person if scope.is_site else of_person.filter(tenant_id=str(scope.tenant_id)))[:SHOWN_ENTRIES]


def _told(entry: Entry) -> tuple[str, str, str, str]:
    place = f"{entry.object_table} {entry.object_id}" if entry.object_table else ""
    return date_format(entry.at, "DATETIME_FORMAT"), entry.action, str(entry.actor), place


def _table(heads: tuple[str, ...], rows: Any) -> SafeString | str:
    cells = "".join(["<td>{}</td>"] * len(heads))
    body = format_html_join("", f"<tr>{cells}</tr>", rows)
    head = format_html_join("", "<th scope='col'>{}</th>", ((text,) for text in heads))
    return (
        format_html("<table class='panel'><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)
        if body
        else ""
    )
