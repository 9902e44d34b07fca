"""Profile claims: what else the site says about people to clients, as superusers define it."""

import re

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.tenant import SCOPE_WORD
from accounts.models.user import User
from authserver.reserved_claims import RESERVED

NAME = RegexValidator(re.compile(r"\A[a-z][a-z0-9_]*\Z"), _("Small letters, digits and underscores, a letter first."))


class ProfileClaim(models.Model):
    """A claim that the site defines. ``scope`` releases it; ``is_in_access_tokens`` shows it to resource servers."""

    name = models.CharField(_("name"), max_length=50, unique=True, validators=[NAME])
    description = models.CharField(_("description"), max_length=200, blank=True)
    scope = models.CharField(_("scope"), max_length=100, default="profile", validators=[SCOPE_WORD])
    choices = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        verbose_name=_("values"),
        help_text=_("All that it can be, separated by commas. Empty: any text."),
    )
    is_tier = models.BooleanField(
        _("is the tier"),
        default=False,
        db_default=False,
        help_text=_("Its values are tiers, from the lowest to the highest. One claim can be the tier."),
    )
    is_in_access_tokens = models.BooleanField(
        _("in access tokens"), default=True, help_text=_("Resource servers decide by it.")
    )

    class Meta:
        verbose_name = _("profile claim")
        verbose_name_plural = _("profile claims")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=["is_tier"],
                condition=Q(is_tier=True),
                name="profile_claim_one_tier",
                violation_error_message=_("Another claim is the tier."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.name in RESERVED:
            raise ValidationError({"name": _("This claim is reserved: it has a meaning that nobody may change.")})
        if self.is_tier and not self.choices:
            raise ValidationError({"choices": _("List the tiers, from the lowest to the highest.")})


class ProfileValue(models.Model):
    """The value of a profile claim for one person."""

    claim = models.ForeignKey(ProfileClaim, on_delete=models.CASCADE, related_name="values", verbose_name=_("claim"))
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="profile_values", verbose_name=_("user"))
    value = models.CharField(_("value"), max_length=200)

    class Meta:
        verbose_name = _("profile value")
        verbose_name_plural = _("profile values")
        ordering = ("claim", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "claim"],
                name="profile_value_once",
                violation_error_message=_("This person has a value for this claim already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.claim_id}, {self.user_id}"

    def clean(self) -> None:
        if self.claim_id and self.claim.choices and self.value not in self.claim.choices:
            raise ValidationError({"value": _("Choose one of: %s") % ", ".join(self.claim.choices)})
