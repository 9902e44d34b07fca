"""Claim rules: they turn claims of a provider into memberships."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.tenant import Role
from accounts.organizations.claim_rules.paths import BrokenPath, parse, write
from accounts.sign_in.provider_names import name_of
from tenancy.owned import TenantOwned

# Claims that people set themselves at their provider: OpenID Connect Core, section 5.1, and GitHub's profile.
SELF_ASSERTED_CLAIMS = frozenset(
    {"address", "birthdate", "company", "email", "family_name", "gender", "given_name", "html_url", "locale", "login"}
    | {"middle_name", "name", "nickname", "phone_number", "picture", "preferred_username", "profile", "website"}
    | {"zoneinfo"}
)


class ClaimRule(TenantOwned):
    """A rule that makes people who sign in through a provider with this claim members of the tenant, in this role.

    Only superusers write rules: a tenant's administrator could admit strangers, all people of a provider. The database
    enforces that too: it accepts no rule in a tenant's context.
    """

    provider = models.CharField(_("provider"), max_length=32)
    claim = models.CharField(
        _("claim"),
        max_length=255,
        help_text=_(
            'Where to look: names with dots between, such as realm_access.roles; a name with a dot in "", '
            'such as resource_access."my.client".roles.'
        ),
    )
    value = models.CharField(
        _("value"), max_length=255, help_text=_("The exact text of the claim, or of one item where it is a list.")
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="claim_rules", verbose_name=_("role"))
    position = models.PositiveIntegerField(
        _("position"), default=0, help_text=_("Where several rules for one tenant hold, the lowest counts.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("claim rule")
        verbose_name_plural = _("claim rules")
        ordering = ("provider", "tenant", "position", "id")
        constraints: ClassVar[Any] = (
            models.UniqueConstraint(
                fields=["tenant", "provider", "claim", "value"],
                name="claim_rule_unique",
                violation_error_message=_("There is a rule for this claim and this tenant already."),
            ),
        )

    def __str__(self) -> str:
        return f"{name_of(self.provider)}: {self.claim} = {self.value}"

    def clean(self) -> None:
        faults = {}
        try:
            names = parse(self.claim)
        except BrokenPath as broken:
            faults["claim"] = str(broken)
        else:
            self.claim = write(names)
            if names[0] in SELF_ASSERTED_CLAIMS:
                faults["claim"] = str(_("People choose this themselves at their provider: no rule can rely on it."))
        if self.role_id and not self.role.fits(self.tenant_id):
            faults["role"] = str(_("This role belongs to another tenant."))
        if faults:
            raise ValidationError(faults)
