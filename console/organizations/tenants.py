"""Tenants, roles and memberships in the admin."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import ClaimRule, Membership, Role, Tenant, User
from accounts.organizations import delegation, memberships, roles
from accounts.organizations.claim_rules import applying
from audit.context import acting
from console.lists import searching
from console.lists.deleting import CountedDeletion
from console.lists.exporting import ExportAdmin
from console.lists.paging import KeysetAdmin
from console.lists.searching import FoundByWords
from console.reauthentication import ProofFirst
from console.scope import Scoped, actor, people_of

LONGEST_REASON = 500  # letters


class AskedBy(forms.ModelForm[Any]):
    """A form that knows who fills it in: the admin gives each request a class of its own."""

    person: User

    def refuse_above(self, what: Any, *, because: str) -> None:
        """Say no on the page and in the trail. Raises ValidationError."""
        delegation.note_refusal(self.person, what if what and what.pk else None, because=because)
        raise ValidationError(delegation.ABOVE)


class Asking(Scoped[Any]):
    """Gives its forms the person who fills them in."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"person": actor(request)})


LIMITS: dict[str, Callable[[], int]] = {  # of sessions, with what the site says of each
    "session_idle_minutes": lambda: settings.SESSION_IDLE // timedelta(minutes=1),
    "session_life_hours": lambda: settings.SESSION_LIFE // timedelta(hours=1),
    "remembered_idle_days": lambda: settings.REMEMBERED_IDLE.days,
    "remembered_life_days": lambda: settings.REMEMBERED_LIFE.days,
}


@admin.register(Tenant)
class TenantAdmin(FoundByWords, ProofFirst, CountedDeletion, Scoped[Tenant]):
    list_display = ("name", "slug", "created_at")
    found_by = ("name", "slug")
    actions = ("delete_selected",)
    removed_first = ("accounts.Membership", "accounts.ClaimRule")
    delete_confirmation_template = "admin/accounts/tenant/delete_confirmation.html"
    readonly_fields = ("id", "created_at")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "slug", "id", "created_at")}),
        (
            _("How long people stay signed in"),
            {
                "fields": tuple(LIMITS),
                "description": _(
                    "Empty: as long as the site says. Only shorter times count, at once for everybody who belongs "
                    "here; of several organizations the strictest counts."
                ),
            },
        ),
    )

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in LIMITS:
            field.help_text = _("The site says %(most)s.") % {"most": LIMITS[db_field.name]()}
        return field

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return actor(request).is_superuser

    @admin.action(description=_("Delete"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponseRedirect | None:
        """In place of Django's, which deletes many by one button: each is deleted on a page of its own."""
        chosen = list(queryset[:2])
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:accounts_tenant_delete", args=[chosen[0].pk]))
        self.message_user(request, _("Choose one tenant: each is deleted on a page of its own."), messages.WARNING)
        return None

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Whoever deletes a tenant types its name and says why."""
        tenant = self.get_object(request, unquote(object_id))
        name, reason = request.POST.get("name", "").strip(), request.POST.get("reason", "").strip()
        lacks_name = tenant is not None and name != tenant.name.strip()
        lacks_reason = not 0 < len(reason) <= LONGEST_REASON
        context = {"longest_reason": LONGEST_REASON, "typed": name, "reason": reason, **(extra_context or {})}
        if request.method == "POST" and tenant is not None and (lacks_name or lacks_reason):
            asked = self._ask_first(request) if self.has_delete_permission(request, tenant) else None
            request.POST = QueryDict()  # Django asks once more where nothing was posted
            context |= {"lacks_name": lacks_name, "lacks_reason": lacks_reason}
            return asked or super().delete_view(request, object_id, context)
        with acting(reason=reason) if request.method == "POST" else nullcontext():
            return super().delete_view(request, object_id, context)

    def delete_model(self, request: HttpRequest, obj: Tenant) -> None:
        """Let its rules and its people go first: roles are held as long as either has them, and sessions end."""
        with transaction.atomic():
            applying.remove(ClaimRule.objects.filter(tenant=obj), keep=request.session.session_key)
            for membership in Membership.objects.filter(tenant=obj).select_related("user"):
                memberships.remove(membership, keep=keep(request, membership.user))
            super().delete_model(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        mine = super().get_readonly_fields(request, obj)
        return mine if actor(request).is_superuser else (*mine, "slug")


class RoleForm(AskedBy):
    class Meta:
        model = Role
        fields = ("name", "tenant", "description", "permissions", "scopes")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        role: Role = self.instance
        if not self.person.is_superuser:
            role.tenant_id = self.person.standing.tenant_id if self.person.standing else None
        if role.pk and not delegation.may_shape(
            self.person, role, delegation.permissions_of(role), Role.objects.get(pk=role.pk).scopes
        ):
            self.refuse_above(role, because="role_above")
        permissions = {f"{p.content_type.app_label}.{p.codename}" for p in cleaned.get("permissions", ())}
        if not delegation.may_shape(self.person, role, permissions, cleaned.get("scopes", ())):
            self.refuse_above(role, because="role_would_be_above")
        return cleaned


@admin.register(Role)
class RoleAdmin(FoundByWords, ProofFirst, CountedDeletion, Asking):
    form = RoleForm
    list_display = ("name", "tenant", "description")
    list_select_related = ("tenant",)
    autocomplete_fields = ("tenant",)
    filter_horizontal = ("permissions",)
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        every = ("name", "tenant", "description", "permissions", "scopes")
        return every if actor(request).is_superuser else tuple(name for name in every if name != "tenant")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        """A built-in role stays: it would come back with the next version, and nobody would have it any more."""
        may = super().has_delete_permission(request, obj) and self._is_within_reach(request, obj)
        return may and not (obj and roles.is_built_in(obj))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        role = self.get_object(request, unquote(object_id))
        if role is None or not roles.is_built_in(role) or not self.has_change_permission(request, role):
            return super().delete_view(request, object_id, extra_context)
        if asked := self._ask_first(request):
            return asked
        self.message_user(request, _("A role that comes with the product cannot be deleted."), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:accounts_role_change", args=[role.pk]))

    def _is_within_reach(self, request: HttpRequest, role: Role | None) -> bool:
        return role is None or delegation.may_shape(actor(request), role, delegation.permissions_of(role), role.scopes)


class MembershipForm(AskedBy):
    """A membership is of one person in one tenant for good: only its role changes."""

    class Meta:
        model = Membership
        fields = ("user", "tenant", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"user", "tenant"} & set(self.fields if self.instance.pk else ()):
            self.fields[name].disabled = True

    def clean(self) -> dict[str, Any] | None:
        """The role is compared with the ceiling twice: what the person was, and what they would become."""
        cleaned = super().clean() or {}
        role, membership = cleaned.get("role"), self.instance
        if role is None or self.errors:
            return cleaned
        tenant = cleaned.get("tenant") or (membership.tenant if membership.tenant_id else None)
        if tenant and not role.fits(tenant.pk):
            raise ValidationError({"role": _("This role belongs to another tenant.")})
        user = cleaned.get("user") or (membership.user if membership.user_id else None)
        if user and not delegation.may_edit(self.person, user):
            self.refuse_above(membership, because="person_above")
        if tenant and not delegation.may_grant(self.person, role, tenant.pk):
            self.refuse_above(membership, because="role_above")
        return cleaned


@admin.register(Membership)
class MembershipAdmin(ProofFirst, ExportAdmin, KeysetAdmin, Asking):
    """A tenant's own administrators invite people; who adds them directly must be allowed to see all accounts."""

    form = MembershipForm
    list_display = ("user", "tenant", "role", "is_primary", "created_at")
    list_select_related = ("user", "tenant", "role")
    autocomplete_fields = ("user", "tenant", "role")
    readonly_fields = ("is_primary", "created_at")
    ordering = ("-id",)
    search_fields = ("user",)  # any, to be shown the field: get_search_results decides
    search_help_text = _("Whatever finds the person.")
    export_columns: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "user_id": "user_id",
        "tenant_id": "tenant_id",
        "role": "role__name",
        "is_primary": "is_primary",
        "created_at": "created_at",
    }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Membership], search_term: str
    ) -> tuple[QuerySet[Membership], bool]:
        term = search_term.strip()
        found = queryset.filter(user__in=searching.find(people_of(self, request), term)) if term else queryset
        return found, False

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        return ("user", "tenant", *self.readonly_fields) if obj else self.readonly_fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_within_reach(request, obj)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:  # noqa: FBT001
        (change_role if change else add)(request, obj)

    def response_post_save_add(self, request: HttpRequest, obj: Membership) -> HttpResponseRedirect:
        return _back_to_person(request, obj) or super().response_post_save_add(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Membership) -> HttpResponseRedirect:
        return _back_to_person(request, obj) or super().response_post_save_change(request, obj)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        memberships.remove(obj, keep=keep(request, obj.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset.select_related("user"):
            self.delete_model(request, membership)

    def _is_within_reach(self, request: HttpRequest, membership: Membership | None) -> bool:
        return membership is None or delegation.may_edit(actor(request), membership.user)


def _back_to_person(request: HttpRequest, membership: Membership) -> HttpResponseRedirect | None:
    """Whoever came from a person's page goes on there."""
    if request.GET.get("from") != "person":
        return None
    return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[membership.user_id]))


def add(request: HttpRequest, membership: Membership) -> None:
    """Add what a form filled in."""
    own = keep(request, membership.user)
    membership.pk = memberships.add(membership.user, membership.tenant, membership.role, keep=own).pk


def change_role(request: HttpRequest, membership: Membership) -> None:
    """Give the role that a form filled in to the membership as it was."""
    before = Membership.objects.get(pk=membership.pk)
    memberships.change_role(before, membership.role, keep=keep(request, membership.user))


def keep(request: HttpRequest, user: User) -> str | None:
    """Whoever changes what they are themselves keeps the session in which they do it."""
    return request.session.session_key if user.pk == actor(request).pk else None
