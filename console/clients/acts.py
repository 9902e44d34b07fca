"""The acts on an app that its page links to. Each is confirmed, and requires reauthentication."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from authserver.clients import changes
from authserver.models import Client
from console.reauthentication import redirect_to_reauthenticate
from console.scope import Scoped


class ActsOnClients(Scoped[Any]):
    """The pages on which an administrator replaces or revokes a secret, stops an app and starts it again."""

    def add_secret(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Give this app another secret?"),
            "meaning": _("The new secret is shown once. The former one works for a week beside it, or ends now."),
            "label": _("Add a secret"),
            "offers_end": True,
        }
        return self._confirmed(request, key, words, self._secret_added)

    def revoke_secret(self, request: HttpRequest, key: UUID, secret: int) -> HttpResponseBase:
        words = {
            "title": _("Revoke this secret?"),
            "meaning": _("An app that still uses it gets no more tokens from now on. Tokens that it has stay valid."),
            "label": _("Revoke the secret"),
            "is_risky": True,
        }

        def act(request: HttpRequest, client: Client) -> HttpResponse:
            is_done = changes.revoke_secret(client, secret)
            said = _now("The secret was revoked.") if is_done else _now("The secret was not valid any more.")
            return self._back(request, client, said)

        return self._confirmed(request, key, words, act)

    def stop(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Stop this app?"),
            "meaning": _(
                "It is refused from now on, and whatever it was given stays invalid, also when it is started again. "
                "Resource servers that verify its tokens by themselves accept them until they expire, within minutes."
            ),
            "label": _("Stop the app"),
            "is_risky": True,
        }
        return self._confirmed(request, key, words, self._stopped)

    def start(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Start this app again?"),
            "meaning": _("It can get tokens again. People have to sign in to it again."),
            "label": _("Start the app"),
        }
        return self._confirmed(request, key, words, self._started)

    def secret_page(self, request: HttpRequest, client: Client, secret: str, title: str | Promise) -> HttpResponse:
        """Show the secret in the response itself: a message would be stored in the session until the next page."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "client": client}
        return TemplateResponse(
            request, "admin/authserver/client/secret.html", {**context, "secret": secret, "page": _page(client)}
        )

    def _secret_added(self, request: HttpRequest, client: Client) -> HttpResponse:
        try:
            secret = changes.add_secret(client, former_ends_now="former_ends_now" in request.POST)
        except changes.PublicClient:
            return self._back(request, client, _now("A public app has no secret."), messages.ERROR)
        return self.secret_page(request, client, secret, _("The app has another secret"))

    def _stopped(self, request: HttpRequest, client: Client) -> HttpResponse:
        changes.stop(client)
        return self._back(request, client, _now("The app is stopped."))

    def _started(self, request: HttpRequest, client: Client) -> HttpResponse:
        changes.start(client)
        return self._back(request, client, _now("The app is active again."))

    def _back(
        self, request: HttpRequest, client: Client, said: str, level: int = messages.SUCCESS
    ) -> HttpResponseRedirect:
        self.message_user(request, said, level)
        return HttpResponseRedirect(_page(client))

    def _confirmed(
        self,
        request: HttpRequest,
        key: UUID,
        words: dict[str, Any],
        act: Callable[[HttpRequest, Client], HttpResponse],
    ) -> HttpResponseBase:
        """GET shows a confirmation, POST performs the act. An app of another tenant is a 404."""
        client = self.get_object(request, str(key))
        if client is None:
            raise Http404
        if not self.has_change_permission(request, client):
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        if request.method == "POST":
            return act(request, client)
        context = {**self.admin_site.each_context(request), **words, "opts": self.opts, "client": client}
        return TemplateResponse(request, "admin/authserver/client/confirm.html", {**context, "page": _page(client)})


def _page(client: Client) -> str:
    return reverse("admin:authserver_client_change", args=[client.pk])
