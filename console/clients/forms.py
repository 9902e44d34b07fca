"""The form for an app, which checks what the registration checks."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from authserver.clients import delegation, registration
from authserver.clients.registration import Registration
from authserver.models import Client, GrantType, RefreshPolicy, ServiceAccount, SigningAlgorithm, TokenFormat
from console.organizations.asking import RequestedBy


class OnePerLine(forms.CharField):
    """A list of texts, one on each line: a URI may contain a comma."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=30_000, widget=forms.Textarea(attrs={"rows": 4}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), "\n".join((data or "").splitlines()))


class ClientForm(RequestedBy):
    """The form for an app. Which of its fields a person sees is decided by the ModelAdmin."""

    grants = forms.MultipleChoiceField(
        label=_("Grants"), choices=GrantType.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    scopes = OnePerLine(
        label=_("Scopes"),
        help_text=_(
            "All that it may ask for, one on each line: openid, profile, email, offline_access, and scopes of your own."
        ),
    )
    resources = OnePerLine(
        label=_("Resource servers"), help_text=_("Identifiers for which it may get tokens, one on each line.")
    )
    redirect_uris = OnePerLine(
        label=_("Redirect URIs"),
        help_text=_("One on each line, compared character by character. With 127.0.0.1 and [::1] the port is free."),
    )
    post_logout_redirect_uris = OnePerLine(label=_("Redirect URIs after signing out"), help_text=_("One on each line."))
    web_origins = OnePerLine(
        label=_("Web origins"),
        help_text=_(
            "Of pages whose scripts may read what we answer to this app (CORS), one on each line: https://app.example.com"
        ),
    )

    service = forms.ModelChoiceField(
        label=_("Service account"),
        queryset=ServiceAccount.objects.none(),
        required=False,
        help_text=_("As which it acts in its own name. Without its service, an app is stopped."),
    )

    class Meta:
        model = Client
        fields = (
            "name", "tenant", "is_public", "is_first_party", "is_delegated", "grants", "scopes", "resources",
            "redirect_uris", "post_logout_redirect_uris", "web_origins", "backchannel_logout_uri", "token_format",
            "refresh_policy", "signing_algorithm", "is_pkce_optional", "service",
        )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        membership = self.person.active_membership
        is_new = self.instance._state.adding  # noqa: SLF001  # Django documents it
        tenant_id = (membership and membership.tenant_id) if is_new else self.instance.tenant_id
        field = self.fields["service"]
        if isinstance(field, forms.ModelChoiceField) and tenant_id:
            field.queryset = ServiceAccount.objects.filter(tenant=tenant_id)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        is_new = self.instance._state.adding  # noqa: SLF001  # Django documents it
        try:
            if is_new:
                client = registration.client_of(self.registration(), creator=self.person)
                registration.check(client, actor=self.person)
            else:
                registration.check(self._changed(cleaned), actor=self.person, before=self._stored())
        except ValidationError as invalid:
            self._refuse(invalid)
        return cleaned

    def registration(self) -> Registration:
        """Return what a valid form says of a new app."""
        told = self.cleaned_data
        return Registration(
            name=told["name"],
            grants=[GrantType(name) for name in told["grants"]],
            scopes=told["scopes"],
            redirect_uris=told["redirect_uris"],
            post_logout_redirect_uris=told["post_logout_redirect_uris"],
            web_origins=told["web_origins"],
            backchannel_logout_uri=told["backchannel_logout_uri"],
            resources=told["resources"],
            tenant=told["tenant"] if self.person.is_superuser else self._own_tenant(),
            service=told.get("service"),
            is_public=told["is_public"],
            is_first_party=told.get("is_first_party", False),
            is_pkce_optional=told.get("is_pkce_optional", False),
            token_format=TokenFormat(told["token_format"]),
            refresh_policy=RefreshPolicy(told["refresh_policy"]),
            signing_algorithm=SigningAlgorithm(told.get("signing_algorithm") or SigningAlgorithm.RS256),
        )

    def _own_tenant(self) -> Tenant | None:
        membership = self.person.active_membership
        return Tenant.objects.get(pk=membership.tenant_id) if membership else None

    def _stored(self) -> Client:
        found: Client = Client.objects.get(pk=self.instance.pk)
        return found

    def _changed(self, cleaned: dict[str, Any]) -> Client:
        client = self._stored()
        for name, value in cleaned.items():
            setattr(client, name, value)
        return client

    def _refuse(self, invalid: ValidationError) -> None:
        """Put each message beside its field. A form error is a page, so the entry about the refusal is committed."""
        for field, texts in invalid.message_dict.items():
            self.add_error(field if field in self.fields else None, texts)
        app = None if self.instance._state.adding else self.instance  # noqa: SLF001  # Django documents it
        delegation.record_refusals(self.person, app, delegation.fields_above(invalid))
