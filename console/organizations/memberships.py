"""Memberships in the admin: who belongs to which tenant, in which role."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.organizations import delegation, memberships
from accounts.organizations.delegation import NotDelegated
from accounts.people import search
from console.lists.export import ExportAdmin
from console.lists.paging import KeysetAdmin
from console.organizations.asking import PassesActor, RequestedBy, session_to_keep
from console.reauthentication import ReauthenticationFirst
from console.scope import actor, people_of


class MembershipForm(RequestedBy):
    """The person and the tenant of a membership never change; only its role does."""

    class Meta:
        model = Membership
        fields = ("user", "tenant", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"user", "tenant"} & set(self.fields if self.instance.pk else ()):
            self.fields[name].disabled = True

    def clean(self) -> dict[str, Any] | None:
        """Check delegation twice: the user must be allowed to edit the person, and to grant the new role."""
        cleaned = super().clean() or {}
        role, membership = cleaned.get("role"), self.instance
        if role is None or self.errors:
            return cleaned
        tenant = cleaned.get("tenant") or (membership.tenant if membership.tenant_id else None)
        if tenant and not role.fits(tenant.pk):
            raise ValidationError({"role": _("This role belongs to another tenant.")})
        user = cleaned.get("user") or (membership.user if membership.user_id else None)
        try:
            if user and tenant:
                delegation.check_membership(self.person, user, tenant.pk, role)
        except NotDelegated as refused:
            self.refuse_above(membership, reason=refused.reason)
        return cleaned


@admin.register(Membership)
class MembershipAdmin(ReauthenticationFirst, ExportAdmin, KeysetAdmin, PassesActor):
    """A tenant's administrators invite people. Only superusers, who see all accounts, add them directly."""

    form = MembershipForm
    list_display = ("user", "tenant", "role", "is_primary", "created_at")
    list_select_related = ("user", "tenant", "role")
    autocomplete_fields = ("user", "tenant", "role")
    readonly_fields = ("is_primary", "created_at")
    ordering = ("-id",)
    search_fields = ("user",)  # any value shows the box; get_search_results does the search
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
        found = queryset.filter(user__in=search.find(people_of(self, request), term)) if term else queryset
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
        memberships.remove(obj, keep=session_to_keep(request, obj.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset.select_related("user"):
            self.delete_model(request, membership)

    def _is_within_reach(self, request: HttpRequest, membership: Membership | None) -> bool:
        return membership is None or delegation.may_edit(actor(request), membership.user)


def _back_to_person(request: HttpRequest, membership: Membership) -> HttpResponseRedirect | None:
    """Return a redirect to the person's page if the user came from there."""
    if request.GET.get("from") != "person":
        return None
    return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[membership.user_id]))


def add(request: HttpRequest, membership: Membership) -> None:
    """Add a membership from a form."""
    own = session_to_keep(request, membership.user)
    membership.pk = memberships.add(membership.user, membership.tenant, membership.role, keep=own).pk


def change_role(request: HttpRequest, membership: Membership) -> None:
    """Change the role of the stored membership to the one from a form."""
    before = Membership.objects.get(pk=membership.pk)
    memberships.change_role(before, membership.role, keep=session_to_keep(request, membership.user))
