"""Protected hosts: applications that speak no OpenID Connect, in front of which a proxy asks us (ADR 67)."""

import uuid
from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.tenant import SCOPE_WORD, Tenant
from foundation.hosts import host_in, is_origin


def check_origin(text: str) -> None:
    """Raises ValidationError for what no browser would call the origin of a page."""
    if not is_origin(text):
        raise ValidationError(
            _("Write it as browsers do: https://wiki.example.com, without a path. Without TLS only loopback.")
        )


class SiteRole(models.TextChoices):
    """A role on the whole site, by the name that tokens give it."""

    ADMIN = "admin", _("superusers")


class ProtectedHost(models.Model):
    """A host and who may open it. What is empty requires nothing, and all that is given must be true.

    ``tenant`` admits its members only, and the role and the scope are then those in this tenant; otherwise they are
    those in the active one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, help_text=_("As people know the application."))
    origin = models.CharField(
        _("origin"),
        max_length=300,
        unique=True,
        validators=[check_origin],
        help_text=_("https://wiki.example.com, with the port if it has one of its own."),
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Otherwise nobody may open it."))
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("for members of"),
        help_text=_("Empty: for everybody with an account."),
    )
    org_roles = ArrayField(
        models.CharField(max_length=150),
        default=list,
        blank=True,
        verbose_name=_("roles in the organization"),
        help_text=_("Names, separated by commas. One of them is enough."),
    )
    scope = models.CharField(
        _("scope"), max_length=100, blank=True, validators=[SCOPE_WORD], help_text=_("One that the role must have.")
    )
    role = models.CharField(_("role on the site"), max_length=20, blank=True, choices=SiteRole.choices)
    fresh_minutes = models.PositiveIntegerField(
        _("signed in within minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(525_600)],
        help_text=_("After these minutes people sign in again before they go on."),
    )
    needs_second_factor = models.BooleanField(_("needs a second factor"), default=False)

    class Meta:
        verbose_name = _("protected host")
        verbose_name_plural = _("protected hosts")
        ordering = ("name", "origin")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a name with a second port: proxies choose an application by the name, and cookies know no ports.

        Whoever may open one of the two would get to the other with its port in the header Host.
        """
        name = host_in(self.origin)
        others = ProtectedHost.objects.exclude(pk=self.pk).exclude(origin=self.origin).values_list("origin", flat=True)
        if name and name in map(host_in, others):
            raise ValidationError(
                {"origin": _("This name is listed with another port. Give each application a name of its own.")}
            )

    @property
    def fresh(self) -> timedelta | None:
        return None if self.fresh_minutes is None else timedelta(minutes=self.fresh_minutes)
