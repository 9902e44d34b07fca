"""Apps in the admin: registered by administrators, with a secret that is shown once."""

from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from authserver.clients import changes, delegation, search
from authserver.clients.registration import Registered, register
from authserver.models import Client, ClientSecret, GrantType
from console.clients.acts import ActsOnClients
from console.clients.forms import ClientForm
from console.clients.preview import PreviewsTokens
from console.lists.deletion import CountedDeletion
from console.lists.search import FoundByWords
from console.organizations.asking import PassesActor
from console.reauthentication import ReauthenticationFirst
from console.scope import actor

OF_SUPERUSERS = frozenset({"tenant", "is_first_party", "is_delegated", "signing_algorithm", "is_pkce_optional"})


class RegisteringRequest(HttpRequest):
    """A request that registers an app: a type for ``cast``. Django's hooks share nothing else with each other."""

    registered: Registered


class SecretsOfClient(admin.TabularInline[ClientSecret, Client]):
    """The secrets of an app: since when, until when, and when last used. Nobody can read or choose one."""

    model = ClientSecret
    can_delete = False
    extra = max_num = 0
    fields = readonly_fields = ("state_shown", "created_at", "expires_at", "last_used_at", "revoke")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow whoever sees the app to see its secrets' dates."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("state"))
    def state_shown(self, secret: ClientSecret) -> str | Promise:
        if _is_over(secret):
            return _("not valid any more")
        return _("valid until it expires") if secret.expires_at else _("valid")

    @admin.display(description=_("act"))
    def revoke(self, secret: ClientSecret) -> str:
        if _is_over(secret):
            return "-"
        url = reverse("admin:authserver_client_revoke_secret", args=[secret.client_id, secret.pk])
        return format_html('<a href="{}">{}</a>', url, _("Revoke"))


@admin.register(Client)
class ClientAdmin(PreviewsTokens, ActsOnClients, FoundByWords, ReauthenticationFirst, CountedDeletion, PassesActor):
    """A tenant's administrators find the apps of their tenant, and change those within their own rights."""

    form = ClientForm
    inlines = (SecretsOfClient,)
    list_display = ("name", "tenant", "state_shown", "kind_shown", "grants_shown", "created_at")
    list_filter = ("is_active", "is_public", "is_first_party")
    list_select_related = ("tenant",)
    search_help_text = _("The beginning of each word of the name, or the whole client ID.")
    show_full_result_count = False
    actions = None
    known_fields = ("client_id", "state_shown", "kind_shown", "created_by_shown", "created_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Client], search_term: str
    ) -> tuple[QuerySet[Client], bool]:
        return search.find(queryset, search_term), False

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "tenant" or actor(request).is_superuser]

    def get_inlines(self, request: HttpRequest, obj: Client | None = None) -> Any:
        return self.inlines if obj and not obj.is_public else ()

    def get_fieldsets(self, request: HttpRequest, obj: Client | None = None) -> Any:
        parts: list[tuple[Any, list[str]]] = [
            (None, ["name", "tenant", "is_public", "is_first_party", "grants"]),
            (_("What it may ask for"), ["scopes", "resources", "is_delegated", "service"]),
            (_("Where people return to"), ["redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri"]),
            (_("In the browser"), ["web_origins"]),
            (_("Its tokens"), ["token_format", "refresh_policy", "signing_algorithm", "is_pkce_optional"]),
        ]
        left_out = set() if actor(request).is_superuser else set(OF_SUPERUSERS)
        left_out |= {"is_delegated"} if obj is None else {"is_public"}
        left_out |= set() if _can_have_service(request, obj) else {"service"}
        left_out |= set() if settings.PKCE_MAY_BE_OPTIONAL else {"is_pkce_optional"}
        found = [(title, {"fields": [name for name in names if name not in left_out]}) for title, names in parts]
        return [*found, (_("What is known of it"), {"fields": self.known_fields})] if obj else found

    def get_readonly_fields(self, request: HttpRequest, obj: Client | None = None) -> Any:
        return ("tenant", *self.known_fields) if obj else ()

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return ("tenant",) if actor(request).is_superuser else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        person = actor(request)
        return super().has_add_permission(request) and (person.is_superuser or person.active_membership is not None)

    def has_change_permission(self, request: HttpRequest, obj: Client | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Client | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_within_reach(request, obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        found = self.get_object(request, object_id) if object_id else None
        can_act = found is not None and self.has_change_permission(request, found)
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "can_act": can_act})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: FBT001
        """Register a new app here: the one function that does so makes the row."""
        changed = super().save_form(request, form, change)
        if change:
            return changed
        registered = register(form.registration(), creator=actor(request))
        cast("RegisteringRequest", request).registered = registered
        return registered.client

    def save_model(self, request: HttpRequest, obj: Client, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            changes.change(obj, actor=actor(request))

    def delete_model(self, request: HttpRequest, obj: Client) -> None:
        changes.delete(obj)

    def response_add(self, request: HttpRequest, obj: Client, post_url_continue: str | None = None) -> HttpResponse:
        secret = cast("RegisteringRequest", request).registered.secret
        if secret is None:
            return super().response_add(request, obj, post_url_continue)
        return self.secret_page(request, obj, secret, _("The app is registered"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:key>/add-secret/", view(self.add_secret), name="authserver_client_add_secret"),
            path(
                "<uuid:key>/secrets/<int:secret>/revoke/",
                view(self.revoke_secret),
                name="authserver_client_revoke_secret",
            ),
            path("<uuid:key>/stop/", view(self.stop), name="authserver_client_stop"),
            path("<uuid:key>/start/", view(self.start), name="authserver_client_start"),
        ]
        return [*own, *super().get_urls()]

    @admin.display(description=_("state"))
    def state_shown(self, client: Client) -> str | Promise:
        return _("active") if client.is_active else _("stopped")

    @admin.display(description=_("kind"))
    def kind_shown(self, client: Client) -> str | Promise:
        return _("public: it has no secret") if client.is_public else _("confidential: it has a secret")

    @admin.display(description=_("grants"))
    def grants_shown(self, client: Client) -> str:
        return ", ".join(str(label) for value, label in GrantType.choices if value in client.grants)

    @admin.display(description=_("registered by"))
    def created_by_shown(self, client: Client) -> str:
        """Return a name without a link, which would reveal an id: a superuser may not belong to the tenant."""
        return client.created_by.name or "-" if client.created_by else "-"


def _can_have_service(request: HttpRequest, client: Client | None) -> bool:
    """Whether it is known of which tenant a service can be. A superuser registers an app first."""
    return not actor(request).is_superuser if client is None else client.tenant_id is not None


def _is_within_reach(request: HttpRequest, client: Client | None) -> bool:
    return client is None or delegation.is_within_reach(actor(request), client)


def _is_over(secret: ClientSecret) -> bool:
    return secret.expires_at is not None and secret.expires_at <= timezone.now()
