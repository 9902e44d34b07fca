"""Connections in the admin: their list, their form, and the acts on each of them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity
from accounts.organizations.delegation import ABOVE, NotDelegated
from console.connections.forms import ConnectionForm
from console.late_refusals import ShowsLateRefusals
from console.lists.search import FoundByWords
from console.organizations.asking import PassesActor
from console.reauthentication import ReauthenticationFirst, redirect_to_reauthenticate
from console.scope import actor, people_of
from providers.buttons import let_forms_lead_to
from providers.connections import acts, testing
from providers.models import Connection
from providers.refusal import SignInRefused
from providers.sign_up import SignUpPolicy

Words = dict[str, Any]


@admin.register(Connection)
class ConnectionAdmin(ShowsLateRefusals, FoundByWords, ReauthenticationFirst, PassesActor):
    """A tenant's administrators see and change the connections of their tenant, superusers those of the site too."""

    form = ConnectionForm
    change_form_template = "admin/providers/connection/change_form.html"
    list_display = ("label", "kind", "tenant", "state_shown", "tested_at")
    list_filter = ("kind", "is_active")
    list_select_related = ("tenant",)
    found_by = ("label", "issuer")
    show_full_result_count = False
    actions = None
    autocomplete_fields = ("tenant",)
    shown = ("state_shown", "tested_at", "callback_url", "logout_url")

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "tenant" or actor(request).is_superuser]

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        for_whom = ["tenant", *([] if obj else ["short_name"])] if actor(request).is_superuser else []
        service = ["kind", "issuer", "signing_algorithms"]
        listed = ["is_listed"] if actor(request).is_superuser else []
        people = ["sign_up", "sign_up_domains", "sign_up_role", *listed]
        return [
            *([(_("Where it stands"), {"fields": self.shown})] if obj else []),
            (_("1. The service"), {"fields": ["label", *for_whom, *service]}),
            (_("2. Our client there"), {"fields": ["client_id", "secret"]}),
            (_("3. People who come for the first time"), {"fields": people}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        return ("tenant", *self.shown) if obj else ()

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return ("tenant",) if actor(request).is_superuser else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        person = actor(request)
        return super().has_add_permission(request) and (person.is_superuser or person.active_membership is not None)

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:  # noqa: FBT001
        secret = form.cleaned_data["secret"]
        try:
            if change:
                acts.change(obj, secret=secret, by=actor(request))
            else:
                acts.create(obj, secret=secret, by=actor(request), slug=form.cleaned_data.get("short_name", ""))
        except NotDelegated as refused:
            raise PermissionDenied from refused

    def delete_model(self, request: HttpRequest, obj: Connection) -> None:
        acts.delete(obj, by=actor(request))

    def response_add(self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None) -> HttpResponse:
        words = _now("Saved. Copy the callback URL to the service, and then sign in as a test.")
        self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(_page(obj))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        found = self.get_object(request, object_id) if object_id else None
        context = {
            **(extra_context or {}),
            "can_act": found is not None and self.has_change_permission(request, found),
            "connection": found,
        }
        return super().changeform_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:key>/test/", view(self.test), name="providers_connection_test"),
            path("<uuid:key>/tested/", view(self.tested), name="providers_connection_tested"),
            path("<uuid:key>/switch-on/", view(self.switch_on), name="providers_connection_switch_on"),
            path("<uuid:key>/switch-off/", view(self.switch_off), name="providers_connection_switch_off"),
        ]
        return [*own, *super().get_urls()]

    def test(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Sign in as a test?"),
            "meaning": _(
                "You go to the service and sign in there. Everything is checked as for a sign-in, but nobody is signed "
                "in here, and nothing is stored but whether it worked. Use an account of yours at the service."
            ),
            "label": _("Go to the service"),
            "leads_away": True,
        }
        return self._confirmed(request, key, words, self._start)

    def switch_on(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Switch this connection on?"),
            "meaning": _("From then on people can sign in through it."),
            "label": _("Switch it on"),
        }
        return self._confirmed(request, key, words, self._switcher(acts.switch_on, _("It is switched on.")))

    def switch_off(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Switch this connection off?"),
            "meaning": _("Nobody can sign in through it until it is switched on again. Their accounts stay."),
            "label": _("Switch it off"),
            "is_risky": True,
        }
        return self._confirmed(request, key, words, self._switcher(acts.switch_off, _("It is switched off.")))

    def tested(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """Show what came of the last test sign-in of this session."""
        connection = self._changeable(request, key)
        result = testing.result_of(request, connection)
        if result is None:
            return HttpResponseRedirect(_page(connection))
        context = self._context(request, connection) | {
            "title": _("The test was not passed") if result.reason else _("The test was passed"),
            "result": result,
            "leads_to": "" if result.reason else self._account(request, connection, result),
        }
        return TemplateResponse(request, "admin/providers/connection/tested.html", context)

    def _account(self, request: HttpRequest, connection: Connection, result: testing.TriedSignIn) -> str:
        """Return which account a sign-in would lead to, as far as this administrator may know."""
        identity = Identity.objects.find(result.issuer, result.subject, through=connection.slug)
        if identity is None:
            policy = SignUpPolicy(connection.sign_up)
            if result.admission:
                return _now("It would be refused. New people: %(policy)s.") % {"policy": policy.label}
            return _now("A new account would be opened.")
        person = people_of(self, request).filter(pk=identity.identity.user_id).first()
        if person is None:
            return _now("It would lead to an account that is not yours to see.")
        url = reverse("admin:accounts_user_change", args=[person.pk])
        return format_html(_now('It would lead to the account <a href="{}">{}</a>.'), url, person)

    def _start(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        back = reverse("admin:providers_connection_tested", args=[connection.pk])
        try:
            return testing.start(request, connection, back=back)
        except SignInRefused as refused:
            self.message_user(request, _now("The service does not answer: %s") % refused.detail, messages.ERROR)
            return HttpResponseRedirect(_page(connection))

    def _switcher(self, act: Callable[..., None], done: Any) -> Callable[[HttpRequest, Connection], HttpResponse]:
        def switch(request: HttpRequest, connection: Connection) -> HttpResponse:
            try:
                act(connection, by=actor(request))
            except ValidationError as refused:
                self.message_user(request, " ".join(refused.messages), messages.ERROR)
            except NotDelegated:
                self.message_user(request, ABOVE, messages.ERROR)
            else:
                self.message_user(request, done, messages.SUCCESS)
            return HttpResponseRedirect(_page(connection))

        return switch

    def _confirmed(
        self, request: HttpRequest, key: UUID, words: Words, act: Callable[[HttpRequest, Connection], HttpResponse]
    ) -> HttpResponseBase:
        """GET shows a confirmation, POST performs the act. A connection of another tenant is a 404."""
        connection = self._changeable(request, key)
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        if request.method == "POST":
            return act(request, connection)
        context = self._context(request, connection) | words
        response = TemplateResponse(request, "admin/providers/connection/confirm.html", context)
        if words.get("leads_away"):
            let_forms_lead_to(response, testing.origins(connection))
        return response

    def _changeable(self, request: HttpRequest, key: UUID) -> Connection:
        connection: Connection | None = self.get_object(request, str(key))
        if connection is None:
            raise Http404
        if not self.has_change_permission(request, connection):
            raise PermissionDenied
        return connection

    def _context(self, request: HttpRequest, connection: Connection) -> Words:
        common = self.admin_site.each_context(request)
        return {**common, "opts": self.opts, "connection": connection, "page": _page(connection)}

    @admin.display(description=_("state"))
    def state_shown(self, connection: Connection) -> str:
        if connection.is_active:
            return str(_("on"))
        return str(_("off: not tested yet") if connection.tested_at is None else _("off"))

    @admin.display(description=_("callback URL, to copy"))
    def callback_url(self, connection: Connection) -> str:
        return _absolute("provider-callback", connection)

    @admin.display(description=_("back-channel logout URL, to copy"))
    def logout_url(self, connection: Connection) -> str:
        return _absolute("provider-callback", connection).replace("/login/callback/", "/backchannel-logout/")


def _page(connection: Connection) -> str:
    return reverse("admin:providers_connection_change", args=[connection.pk])


def _absolute(name: str, connection: Connection) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, kwargs={'provider_id': connection.slug})}"
