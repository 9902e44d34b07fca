"""Certificate identities in the admin: only superusers create them, because a name counts for the whole site."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from authserver.models import CertificateIdentity, CertificateName
from authserver.services.certificates import canonical_name
from console.reauthentication import ReauthenticationFirst
from console.scope import Scoped, actor


class CertificateIdentityForm(forms.ModelForm[CertificateIdentity]):
    """The name of a certificate, in the spelling that its kind needs."""

    class Meta:
        model = CertificateIdentity
        fields = ("service", "kind", "value")
        help_texts: ClassVar[Any] = {
            "value": _(
                "The subject as RFC 4514 writes it (CN=night,O=Harbour), a DNS name, a URI, an e-mail address, or the "
                "SHA-256 of the certificate in hexadecimal digits."
            )
        }

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                cleaned["value"] = canonical_name(CertificateName(cleaned["kind"]), cleaned["value"])
            except ValidationError as invalid:
                self.add_error("value", invalid)
            self.instance.tenant_id = cleaned["service"].tenant_id
        return cleaned


@admin.register(CertificateIdentity)
class CertificateIdentityAdmin(ReauthenticationFirst, Scoped[CertificateIdentity]):
    form = CertificateIdentityForm
    list_display = ("value", "kind", "service", "tenant", "created_at")
    list_select_related = ("service", "tenant")
    show_full_result_count = False
    fields = ("service", "kind", "value")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: CertificateIdentity | None = None) -> bool:
        """Never: another name is another identity."""
        return False
