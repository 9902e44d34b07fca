"""Bulk actions in the admin: started from the list of people, completed, previewed, confirmed and watched."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import tasks
from accounts.bulk import running
from accounts.bulk.actions import ACTIONS
from accounts.bulk.base import BulkActionKind, BulkDecision, BulkOrder, NotAllowed, SkipReason
from accounts.models import BulkAction, BulkState, Role, Tenant, User
from console.lists.tenant_field import TenantField
from console.reauthentication import redirect_to_reauthenticate
from console.scope import Scoped, actor

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

AT_ONCE = 100  # people up to which the request makes the changes itself; otherwise the worker does
COUNTED_AT_ONCE = 2000  # people up to which the request makes the preview itself
SHOWN = 20  # people in a preview
REFRESH = 2  # seconds


class BulkAdmin(Base):
    """Adds the bulk actions that the user may perform to the list of people."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        person = actor(request)
        offered = {
            kind.name: (partial(_begin, kind), kind.name, kind.label)
            for kind in ACTIONS.values()
            if kind.is_open_to(person)
        }
        return super().get_actions(request) | offered


def _begin(kind: BulkActionKind, _admin: Any, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
    """Store the selection and redirect to the action's own page, which does the rest."""
    action = running.prepare(kind, people, actor(request))
    if _is_complete(action):
        _count(action)
    return HttpResponseRedirect(_page_of(action))


class TenantForm(forms.Form):
    tenant = TenantField(help_text=_("Its name or its short name."))


class BulkRoleForm(forms.Form):
    """Offers, and accepts, only the roles that the user can grant in the tenant with this action."""

    role = forms.ModelChoiceField(Role.objects.none(), label=_("Role"))

    def __init__(self, data: Any, *, kind: BulkActionKind, order: BulkOrder) -> None:
        super().__init__(data)
        here = Role.objects.filter(pk__in=[role.pk for role in Role.objects.all() if _can_be_used(kind, order, role)])
        self.fields["role"].queryset = here  # type: ignore[attr-defined]  # a ModelChoiceField has one


@dataclass(frozen=True, kw_only=True)
class BulkActionRow:
    """A person in the preview. ``reason`` says why nothing changes for them, if nothing does."""

    name: str
    email: str
    link: str
    reason: str


@admin.register(BulkAction)
class BulkActionAdmin(Scoped[BulkAction]):
    """The list of a user's own bulk actions (superusers see all), and the page of each."""

    list_display = ("kind_shown", "total", "changed", "state", "user", "created_at")
    list_select_related = ("user",)
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "admin/accounts/bulkaction/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkAction]:
        return super().get_queryset(request).defer("targets")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: BulkAction | None = None) -> bool:
        person = actor(request)
        return person.is_active and any(kind.is_open_to(person) for kind in ACTIONS.values())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: BulkAction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BulkAction | None = None) -> bool:
        return False

    @admin.display(description=_("what"))
    def kind_shown(self, action: BulkAction) -> str:
        return _title(action)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the action, or perform a step. Only its starter may do so; other superusers may look and stop it."""
        action = self.get_object(request, object_id)
        if action is None or action.kind not in ACTIONS:
            raise Http404
        if not self.has_view_permission(request, action):
            raise PermissionDenied
        page = BulkActionPage(request, action, self.admin_site)
        return page.posted() if request.method == "POST" else page.shown()


class BulkActionPage:
    """The page of one bulk action, for one request."""

    def __init__(self, request: HttpRequest, action: BulkAction, site: admin.AdminSite) -> None:
        self.request, self.action, self.site = request, action, site
        self.person, self.kind = actor(request), ACTIONS[action.kind]
        self.is_mine = action.user_id == self.person.pk

    def posted(self) -> HttpResponse:
        act = self.request.POST.get("do")
        allowed = {"stop"} if not self.is_mine else {"complete", "confirm", "discard", "stop"}
        if act not in allowed:
            raise PermissionDenied
        self.action = BulkAction.objects.select_for_update().defer("targets").get(pk=self.action.pk)
        answer: HttpResponse | None = getattr(self, f"_{act}")()
        return answer or HttpResponseRedirect(_page_of(self.action))

    def shown(self, form: forms.Form | None = None) -> HttpResponse:
        action = self.action
        context = {
            **self.site.each_context(self.request),
            "title": _title(action),
            "opts": BulkAction._meta,
            "action": action,
            "kind": self.kind,
            "is_mine": self.is_mine,
            "form": form or (self._form() if action.state == BulkState.DRAFT and self.is_mine else None),
            "tenant": Tenant.objects.filter(pk=action.tenant_id).first() if action.tenant_id else None,
            "role": Role.objects.filter(pk=action.role_id).first() if action.role_id else None,
            "left": [(SkipReason(reason).label, count) for reason, count in sorted(action.skipped.items())],
            "lines": self._lines() if action.state == BulkState.PREVIEWED and self.is_mine else [],
            "shown": SHOWN,
            "is_paused": "paused" in self.request.GET,
            "trail": f"{reverse('admin:audit_entry_changelist')}?q={action.pk}",
        }
        response = TemplateResponse(self.request, "admin/accounts/bulkaction/page.html", context)
        if action.is_at_work and not context["is_paused"]:
            response.headers["Refresh"] = str(REFRESH)
        return response

    def _complete(self) -> HttpResponse | None:
        if self.action.state != BulkState.DRAFT:
            return None
        form = self._form()
        if not form.is_valid():
            return self.shown(form)
        if "tenant" in form.cleaned_data:
            self.action.tenant_id = form.cleaned_data["tenant"]
        else:
            self.action.role_id = form.cleaned_data["role"].pk
        self.action.save(update_fields=["tenant_id", "role_id"])
        if _is_complete(self.action):
            _count(self.action)
        return None

    def _confirm(self) -> HttpResponseBase | None:
        if self.action.state != BulkState.PREVIEWED:
            return None  # the button was pressed twice
        if reauthentication := redirect_to_reauthenticate(self.request, back_to=_page_of(self.action)):
            return reauthentication
        running.confirm(self.action)
        _work(self.action, at_once=AT_ONCE)
        return None

    def _discard(self) -> HttpResponse | None:
        if self.action.state not in {BulkState.DRAFT, BulkState.PREVIEWED}:
            return None
        self.action.delete()
        return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))

    def _stop(self) -> None:
        if self.action.is_at_work:
            running.stop(self.action, "by_hand")

    def _form(self) -> forms.Form:
        data = self.request.POST if self.request.method == "POST" else None
        if self.kind.needs_tenant and self.action.tenant_id is None:
            return TenantForm(data)
        order = BulkOrder(actor=self.person, tenant_id=self.action.tenant_id)
        return BulkRoleForm(data, kind=self.kind, order=order)

    def _lines(self) -> list[BulkActionRow]:
        try:
            decision = running.sample(self.action, running.order_of(self.action, self.person), SHOWN)
        except NotAllowed:
            return []
        lines = [_line(decision, pk) for pk in decision.people]
        return sorted(lines, key=lambda line: (line.reason, line.name))


def _line(decision: BulkDecision, pk: UUID) -> BulkActionRow:
    person, left = decision.people[pk], decision.skipped.get(pk)
    return BulkActionRow(
        name=str(person),
        email=person.email or "",
        link=reverse("admin:accounts_user_change", args=[pk]),
        reason=str(left.label) if left else "",
    )


def _title(action: BulkAction) -> str:
    kind = ACTIONS.get(action.kind)
    return str(kind.label).rstrip("…") if kind else action.kind


def _page_of(action: BulkAction) -> str:
    return reverse("admin:accounts_bulkaction_change", args=[action.pk])


def _is_complete(action: BulkAction) -> bool:
    kind = ACTIONS[action.kind]
    return not (kind.needs_tenant and action.tenant_id is None) and not (kind.needs_role and action.role_id is None)


def _can_be_used(kind: BulkActionKind, order: BulkOrder, role: Role) -> bool:
    return role.fits(order.tenant_id) and kind.offers(role) and order.may_grant(role)


def _count(action: BulkAction) -> None:
    running.count(action)
    _work(action, at_once=COUNTED_AT_ONCE)


def _work(action: BulkAction, *, at_once: int) -> None:
    """Do the work now or in the worker. If the broker is down, a scheduled task finds the action later."""
    key, starter = action.pk, action.user_id
    if action.total <= at_once:
        running.carry_out(key, starter)
    else:
        transaction.on_commit(lambda: tasks.bulk.delay(str(key), str(starter)), robust=True)
