"""Webhooks in the admin: where a tenant's entries are sent, and the state of each receiver."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from audit.declarations import audited
from audit.events import events
from console.lists.search import FoundByWords
from console.organizations.asking import PassesActor, RequestedBy
from console.reauthentication import redirect_to_reauthenticate
from console.scope import actor
from foundation import receivers
from foundation.receivers import ReceiverRefused
from webhooks import changes, running, signing
from webhooks.models import Webhook

Words = dict[str, Any]


class WebhookForm(RequestedBy):
    """The form for a webhook. Only superusers choose the tenant, which cannot be changed later."""

    events = forms.MultipleChoiceField(
        label=_("Events"), required=False, help_text=_("With no event and no table chosen, everything is sent.")
    )
    tables = forms.MultipleChoiceField(label=_("Changes of"), required=False)

    class Meta:
        model = Webhook
        fields = ("tenant", "name", "url", "events", "tables", "is_active")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offered = {
            "events": [(name, name) for name in events()],
            "tables": sorted(
                (m._meta.db_table, f"{m._meta.verbose_name_plural} ({m._meta.db_table})") for m, _ in audited()
            ),
        }
        for name, choices in offered.items():
            field = self.fields.get(name)
            if isinstance(field, forms.MultipleChoiceField):
                known = {value for value, _label in choices}
                field.choices = [
                    *choices,
                    *((gone, gone) for gone in getattr(self.instance, name) if gone not in known),
                ]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            receivers.read(url)
        except ReceiverRefused as unwanted:
            raise ValidationError(str(unwanted)) from None
        return url

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        membership = self.person.active_membership
        tenant = (cleaned or {}).get("tenant") or (membership and Tenant.objects.get(pk=membership.tenant_id))
        if not self.instance.secret and tenant:
            try:
                changes.check_room(tenant)
            except changes.TooMany:
                raise ValidationError(_("This organization has as many webhooks as it can have.")) from None
        return cleaned


@admin.register(Webhook)
class WebhookAdmin(FoundByWords, PassesActor):
    """A webhook can receive the tenant's whole trail, so its administrators must be allowed to read the trail."""

    form = WebhookForm
    list_display = ("name", "tenant", "receiver", "health", "last_success_at", "undelivered_shown")
    list_select_related = ("tenant",)
    ordering = ("name", "id")  # the annotations below would drop the model's own order
    show_full_result_count = False
    actions = None
    state_fields = (
        "health", "last_success_at", "lag", "failing_since", "last_failure", "paused_until", "undelivered_shown",
        "created_by_shown", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        waiting = Count("deliveries", filter=Q(deliveries__next_attempt_at__isnull=False))
        dead = Count("deliveries", filter=Q(deliveries__next_attempt_at__isnull=True))
        found: QuerySet[Webhook] = super().get_queryset(request).annotate(waiting=waiting, dead=dead)
        return found

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "tenant" or actor(request).is_superuser]

    def get_fieldsets(self, request: HttpRequest, obj: Webhook | None = None) -> Any:
        fields = ["name", "url", "events", "tables"]
        if obj is None:
            return [(None, {"fields": ["tenant", *fields] if actor(request).is_superuser else fields})]
        tenant = ["tenant"] if actor(request).is_superuser else []
        return [
            (None, {"fields": [*tenant, *fields, "is_active"]}),
            (_("How it is doing"), {"fields": self.state_fields}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Webhook | None = None) -> Any:
        return ("tenant", *self.state_fields) if obj else ()

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return ("tenant",) if actor(request).is_superuser else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        person = actor(request)
        belongs = person.is_superuser or person.active_membership is not None
        return super().has_add_permission(request) and belongs and _may_read_the_trail(request)

    def has_change_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_read_the_trail(request)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Require reauthentication before setting where a tenant's trail is sent, also before the empty form."""
        found = self.get_object(request, object_id) if object_id else None
        may = self.has_change_permission(request, found) if object_id else self.has_add_permission(request)
        is_dangerous = may and (object_id is None or request.method == "POST")
        if is_dangerous and (reauthentication := redirect_to_reauthenticate(request, back_to=request.path)):
            return reauthentication
        context = {**(extra_context or {}), "can_act": found is not None and may}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            switched_on = "is_active" in form.changed_data and obj.is_active
            changes.change(obj, switched_on=switched_on, elsewhere="url" in form.changed_data)
            return
        membership = actor(request).active_membership
        if not actor(request).is_superuser and membership:
            obj.tenant_id = membership.tenant_id
        changes.create(obj, actor(request))

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        (secret,) = signing.secrets_of(obj)
        return self._secret_page(request, obj, secret, _("The webhook is set up"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:key>/test/", view(self.test), name="webhooks_webhook_test"),
            path("<uuid:key>/rotate-secret/", view(self.rotate_secret), name="webhooks_webhook_rotate_secret"),
        ]
        return [*own, *super().get_urls()]

    def test(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Send a test?"),
            "meaning": _("An entry webhook.tested is written into the trail and sent to this receiver alone."),
            "label": _("Send it"),
        }
        return self._confirmed(request, key, words, self._tested)

    def rotate_secret(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Give this webhook another secret?"),
            "meaning": _("The new secret is shown once. For a day both sign, the old one and the new."),
            "label": _("Rotate the secret"),
            "is_risky": True,
        }
        return self._confirmed(request, key, words, self._rotated)

    def _tested(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        changes.test(webhook)
        self.message_user(request, _now("A test is on its way: what became of it is seen here soon."), messages.SUCCESS)
        return HttpResponseRedirect(_page(webhook))

    def _rotated(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        return self._secret_page(request, webhook, changes.rotate_secret(webhook), _("The secret was renewed"))

    def _confirmed(
        self, request: HttpRequest, key: UUID, words: Words, act: Callable[[HttpRequest, Webhook], HttpResponse]
    ) -> HttpResponseBase:
        """GET shows a confirmation, POST performs the act. A webhook of another tenant is a 404."""
        webhook = self.get_object(request, str(key))
        if webhook is None:
            raise Http404
        if not self.has_change_permission(request, webhook):
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        if request.method == "POST":
            return act(request, webhook)
        context = {**self.admin_site.each_context(request), **words, "opts": self.opts, "webhook": webhook}
        return TemplateResponse(request, "admin/webhooks/webhook/confirm.html", {**context, "page": _page(webhook)})

    def _secret_page(self, request: HttpRequest, webhook: Webhook, secret: str, title: str | Promise) -> HttpResponse:
        """Show the secret in the response itself: a message would be stored in the session until the next page."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "webhook": webhook}
        return TemplateResponse(
            request, "admin/webhooks/webhook/secret.html", {**context, "secret": secret, "page": _page(webhook)}
        )

    @admin.display(description=_("receiver"))
    def receiver(self, webhook: Webhook) -> str:
        """Return the URL without path and query, which may contain a secret of the receiver."""
        parts = urlsplit(webhook.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @admin.display(description=_("state"))
    def health(self, webhook: Webhook) -> str:
        if not webhook.is_active:
            return str(_("switched off: it took nothing any more") if webhook.disabled_reason else _("switched off"))
        if webhook.waiting >= running.MOST_WAITING:  # type: ignore[attr-defined]  # annotated
            return str(_("full: the rest waits in the trail"))
        if webhook.failing_since:
            return str(_("failing"))
        return str(_("well") if webhook.last_success_at else _("nothing sent yet"))

    @admin.display(description=_("behind since"))
    def lag(self, webhook: Webhook) -> str:
        """Format the time here: Django's list formats only model fields."""
        since = running.oldest_undelivered(webhook)
        return date_format(timezone.localtime(since), "DATETIME_FORMAT") if since else str(_("everything is sent"))

    @admin.display(description=_("not delivered"))
    def undelivered_shown(self, webhook: Webhook) -> str:
        words = _now("waiting: %(waiting)d, dead letters: %(dead)d") % {
            "waiting": webhook.waiting,  # type: ignore[attr-defined]  # annotated, like the next one
            "dead": webhook.dead,  # type: ignore[attr-defined]
        }
        url = f"{reverse('admin:webhooks_delivery_changelist')}?webhook__id__exact={webhook.pk}"
        return format_html('<a href="{}">{}</a>', url, words)

    @admin.display(description=_("created by"))
    def created_by_shown(self, webhook: Webhook) -> str:
        """Return a name without a link, which would reveal an id: a superuser may not belong to the tenant."""
        return webhook.created_by.name or "-" if webhook.created_by else "-"


def _page(webhook: Webhook) -> str:
    return reverse("admin:webhooks_webhook_change", args=[webhook.pk])


def _may_read_the_trail(request: HttpRequest) -> bool:
    return request.user.has_perm("audit.view_entry")
