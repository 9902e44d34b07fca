"""Domains of tenants: claimed, and owned as long as a record in the DNS says so (ADR 74)."""

import secrets
import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.tenant import Tenant
from tenancy.owned import ScopedManager, TenantOwned

LONGEST_NAME = 242  # characters: with ``PREFIX`` in front it is still the name of a record (RFC 1035, section 2.3.4)
PREFIX = "_vestibule."
OWNED = models.Q(owned_since__isnull=False)


def new_value() -> str:
    """Return 160 random bits. Published values are no secret, but nobody can publish one in advance."""
    return secrets.token_hex(20)


class DomainState(models.TextChoices):
    """How much a tenant has shown of a domain."""

    CLAIMED = "claimed", _("claimed, nothing shown yet")
    AFFILIATED = "affiliated", _("affiliated by a mailed code")
    OWNED = "owned", _("owned")
    FAILING = "failing", _("owned, but its record is missing")

    @property
    def rows(self) -> models.Q:
        """The condition that selects the domains in this state."""
        match self:
            case DomainState.CLAIMED:
                return ~OWNED & models.Q(affiliated_at=None)
            case DomainState.AFFILIATED:
                return ~OWNED & models.Q(affiliated_at__isnull=False)
            case DomainState.OWNED:
                return OWNED & models.Q(failing_since=None)
            case _:
                return OWNED & models.Q(failing_since__isnull=False)


class DomainFinding(models.TextChoices):
    """What the last check found."""

    PRESENT = "present", _("The record was there.")
    ABSENT = "absent", _("There was no such record.")
    UNKNOWN = "unknown", _("The DNS did not answer.")
    TAKEN = "taken", _("The record was there, but another organization owns the domain.")


class Domain(TenantOwned):
    """A domain that a tenant claims. Only ``accounts.organizations.domains`` writes this table.

    ``value`` is what the tenant publishes. ``owned_since`` is set while the tenant owns the domain, ``failing_since``
    while an owned one fails its checks, and ``lapses_at`` once its administrators were warned. ``routes_to`` is the id
    of the provider at which the domain's people sign in; it counts only while the domain is owned.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="domains", verbose_name=_("tenant"))
    name = models.CharField(_("domain"), max_length=LONGEST_NAME)  # canonical: foundation.canonical_email
    value = models.CharField(_("value to publish"), max_length=40, default=new_value, editable=False)
    routes_to = models.CharField(_("its people sign in with"), max_length=32, blank=True, default="", db_default="")
    claimed_at = models.DateTimeField(_("claimed"), default=timezone.now, editable=False)
    affiliated_at = models.DateTimeField(_("affiliated"), null=True, editable=False)
    owned_since = models.DateTimeField(_("owned since"), null=True, editable=False)
    checked_at = models.DateTimeField(_("last check"), null=True, editable=False)
    finding = models.CharField(_("found"), max_length=16, choices=DomainFinding, blank=True, default="", editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    lapses_at = models.DateTimeField(_("lapses"), null=True, editable=False)
    next_check_at = models.DateTimeField(_("next check"), null=True, default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Domain"]] = ScopedManager(tenant="tenant_id")

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=["tenant", "name"], name="domain_of_tenant_unique"),
            models.UniqueConstraint(fields=["name"], condition=OWNED, name="domain_owned_unique"),
            models.CheckConstraint(
                condition=OWNED | models.Q(failing_since=None, lapses_at=None), name="domain_failing_is_owned"
            ),
        )
        indexes = (
            models.Index(fields=["name", "id"], name="domain_by_name"),
            models.Index(
                fields=["next_check_at"], condition=models.Q(next_check_at__isnull=False), name="domain_to_check"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> DomainState:
        if self.owned_since is None:
            return DomainState.AFFILIATED if self.affiliated_at else DomainState.CLAIMED
        return DomainState.FAILING if self.failing_since else DomainState.OWNED

    @property
    def record_name(self) -> str:
        return PREFIX + self.name

    @property
    def record_text(self) -> str:
        return f"vestibule-domain={self.value}"
