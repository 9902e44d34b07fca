"""The form for a connection. It looks at the service before anything is saved, and says what is wrong at its field."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.organizations.delegation import NotDelegated
from console.clients.forms import OnePerLine
from console.organizations.asking import RequestedBy
from providers.connections import acts, looking
from providers.connections.building import encrypted
from providers.issuer_rules import usual_algorithms
from providers.models import Connection

LOOKED_AT = {"kind", "issuer", "signing_algorithms"}  # what the service publishes has to do with these


class ConnectionForm(RequestedBy):
    """The form for a connection. Only superusers choose for whom it is, and the short name of one of the site."""

    short_name = forms.CharField(
        label=_("Short name"),
        required=False,
        help_text=_("In its URLs, for ever. Empty: one is made up. Only for a connection of the whole site."),
    )
    secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is stored encrypted and never shown again. When you change a connection: empty keeps it."),
    )
    signing_algorithms = OnePerLine(
        initial=usual_algorithms,
        label=_("Algorithms"),
        help_text=_("By which its ID tokens are signed, one on each line. Mostly RS256."),
    )
    sign_up_domains = OnePerLine(label=_("Domains"), help_text=_("For people with an address in these, one each line."))

    class Meta:
        model = Connection
        fields = (
            "tenant", "kind", "label", "issuer", "client_id", "signing_algorithms", "sign_up", "sign_up_domains",
            "sign_up_role", "is_listed",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Set the tenant of an administrator who cannot choose one, before the model checks what belongs together."""
        cleaned = super().clean() or {}
        membership = self.person.active_membership
        if not self.person.is_superuser and membership is not None:
            self.instance.tenant_id = membership.tenant_id
        if self.instance._state.adding and not cleaned.get("secret"):  # noqa: SLF001  # Django documents it
            self.add_error("secret", _("Enter the secret of the client."))
        return cleaned

    def _post_clean(self) -> None:
        """Ask the acts once the instance has its values, and then the service."""
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, which the stubs lack
        if self.errors:
            return
        try:
            self._check()
        except ValidationError as refused:
            self._add(refused)

    def _check(self) -> None:
        connection, secret = self.instance, self.cleaned_data.get("secret")
        is_new = connection._state.adding  # noqa: SLF001
        try:
            acts.check(connection, by=self.person)
            if self.cleaned_data.get("short_name"):
                acts.check_slug(self.cleaned_data["short_name"], connection, by=self.person)
        except NotDelegated as refused:
            self.refuse_above(connection.sign_up_role, reason=refused.reason)
        if secret or is_new:
            connection.client_secret = encrypted(secret or "", connection)
        if is_new or LOOKED_AT & set(self.changed_data):
            for finding in looking.look(connection):
                if finding.is_fault:
                    self.add_error(finding.field, finding.text)

    def _add(self, refused: ValidationError) -> None:
        """Show each fault at its field, or above the form if this person's form has no such field."""
        if not hasattr(refused, "error_dict"):
            self.add_error(None, refused)
            return
        for column, errors in refused.error_dict.items():
            name = "short_name" if column == "slug" else column
            self.add_error(name if name in self.fields else None, ValidationError(errors))
