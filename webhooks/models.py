"""The webhooks of tenants, and the messages that could not be delivered yet."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from jobs.retry import WAITING, Peer, Retryable
from tenancy.owned import ScopedManager, TenantOwned


class Webhook(TenantOwned, Peer):
    """A receiver of a tenant's entries. Only ``webhooks.changes`` creates and changes it.

    The trail itself is the outbox: the position is the cursor up to which it has been read for this receiver (ADR 16).
    The secret that signs its messages is encrypted for this row. ``former_secret`` also signs, until ``former_until``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=500, help_text=_("Begins with https://"))
    events = ArrayField(models.CharField(max_length=100), default=list, blank=True, verbose_name=_("events"))
    tables = ArrayField(models.CharField(max_length=100), default=list, blank=True, verbose_name=_("tables"))
    secret = models.CharField(max_length=300, editable=False)
    former_secret = models.CharField(max_length=300, blank=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    position_txid = models.BigIntegerField(default=0, editable=False)
    position_id = models.BigIntegerField(default=0, editable=False)
    position_floor = models.BigIntegerField(default=0, editable=False)
    last_failure = models.CharField(_("last failure"), max_length=300, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, editable=False)
    disabled_reason = models.CharField(_("reason for disabling"), max_length=300, blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class DeliveryManager(ScopedManager["Delivery"]):
    def waiting(self) -> models.QuerySet["Delivery"]:
        """Return the deliveries that will be retried, without the dead letters."""
        return self.get_queryset().filter(WAITING)


class Delivery(TenantOwned, Retryable):
    """An entry that a receiver has not accepted. Without a next attempt it is a dead letter: only people retry it."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    entry_id = models.BigIntegerField(_("entry"))
    entry_at = models.DateTimeField(_("of"))
    kind = models.CharField(_("what"), max_length=200)
    created_at = models.DateTimeField(_("first tried"), db_default=Now(), editable=False)
    last_tried_at = models.DateTimeField(_("last tried"), default=timezone.now)
    failure = models.CharField(_("why not"), max_length=300)

    objects: ClassVar[DeliveryManager] = DeliveryManager(tenant="tenant_id")

    class Meta:
        verbose_name = _("undelivered message")
        verbose_name_plural = _("undelivered messages")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["webhook", "entry_id"], name="delivery_once"),)
        indexes = (models.Index(fields=["webhook", "next_attempt_at", "id"], name="delivery_due"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.entry_id}"

    @property
    def is_dead(self) -> bool:
        return self.next_attempt_at is None
