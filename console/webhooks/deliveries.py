"""Pending deliveries in the admin, which can be retried or discarded."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from console.scope import Scoped
from webhooks import changes, running
from webhooks.models import Delivery


class DeadFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("waiting")), ("dead", _("dead letter"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        wanted = {"waiting": False, "dead": True}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(next_attempt_at__isnull=wanted)


@admin.register(Delivery)
class DeliveryAdmin(Scoped[Delivery]):
    list_display = ("kind", "webhook", "state_shown", "failure", "attempts", "last_tried_at", "next_attempt_at")
    list_filter = (DeadFilter,)
    list_select_related = ("webhook",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("try_again", "discard")
    fields = readonly_fields = (
        "webhook", "entry_shown", "kind", "state_shown", "failure", "attempts", "created_at", "last_tried_at",
        "next_attempt_at",
    )  # fmt: skip

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "webhook__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """Never: deliveries are only retried and discarded, by the list's actions."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """Allow deletion only together with the webhook. In the list, a delivery is discarded."""
        own_page = request.resolver_match and (request.resolver_match.url_name or "").startswith("webhooks_delivery")
        return not own_page and super().has_delete_permission(request, obj)

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_delivery")

    @admin.action(description=_("Try again now"), permissions=["act"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = list(queryset.select_related("webhook"))
        for delivery in chosen:
            changes.retry(delivery)
        self.message_user(request, _now("%d messages are tried again now.") % len(chosen), messages.SUCCESS)

    @admin.action(description=_("Let go: do not send it any more"), permissions=["act"])
    def discard(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        """Show a confirmation, then discard the deliveries: they are not sent, but their entries stay in the trail."""
        if "post" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Let these messages go?"),
                "deliveries": queryset,
                "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/webhooks/delivery/discard.html", context)
        count = changes.discard(queryset.select_related("webhook"))
        self.message_user(request, _now("%d messages were let go. The trail still has them.") % count, messages.SUCCESS)
        return None

    @admin.display(description=_("state"))
    def state_shown(self, delivery: Delivery) -> str:
        if delivery.next_attempt_at is None:
            return str(_("dead letter"))
        return str(_("waiting") if running.RETRIES.waits(delivery.next_attempt_at) else _("due"))

    @admin.display(description=_("entry"))
    def entry_shown(self, delivery: Delivery) -> str:
        url = reverse("admin:audit_entry_change", args=[delivery.entry_id])
        return format_html('<a href="{}">{}</a>', url, delivery.entry_id)
