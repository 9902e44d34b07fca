"""Bulk actions: who started which action, on exactly which people, and its progress."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from jobs.retry import Leased
from tenancy.owned import PersonOwned


class BulkState(models.TextChoices):
    DRAFT = "draft", _("not complete yet")
    COUNTING = "counting", _("finding out what would change")
    PREVIEWED = "previewed", _("waiting to be confirmed")
    RUNNING = "running", _("under way")
    FINISHED = "finished", _("finished")
    STOPPED = "stopped", _("stopped")


AT_WORK = (BulkState.COUNTING, BulkState.RUNNING)


class BulkAction(PersonOwned, Leased):
    """A bulk action. Only its starter, in any active tenant, and superusers can see it, because it names people.

    ``targets`` are the ids of the chosen people, so that exactly those who were previewed are changed, even if the
    filter would find others by then. Those before ``position`` are done; at the end the list is deleted. ``id`` is also
    the id of the batch in the trail. ``tenant_id`` is the tenant that the action concerns; for a tenant's administrator
    it is the active one. ``is_site`` means that a superuser acts. Each slice renews the lease; after it has expired,
    the schedule starts another worker.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("started by"))
    is_site = models.BooleanField(default=False, editable=False)
    tenant_id = models.UUIDField(_("tenant"), null=True, editable=False)
    role_id = models.BigIntegerField(_("role"), null=True, editable=False)
    kind = models.CharField(_("what"), max_length=40)
    targets = ArrayField(models.UUIDField(), default=list, editable=False)
    total = models.PositiveIntegerField(_("people"), default=0)
    position = models.PositiveIntegerField(_("done"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    skipped = models.JSONField(_("left as they are"), default=dict)
    state = models.CharField(_("state"), max_length=20, choices=BulkState.choices, default=BulkState.DRAFT)
    stop_reason = models.CharField(_("reason for stopping"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("prepared"), default=timezone.now)
    moved_at = models.DateTimeField(_("last progress"), default=timezone.now)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["user", "created_at"], name="bulk_action_of_user"),
            models.Index(fields=["moved_at"], condition=models.Q(state__in=AT_WORK), name="bulk_action_at_work"),
        )

    def __str__(self) -> str:
        return f"{self.kind}, {self.total}"

    @property
    def is_at_work(self) -> bool:
        return self.state in AT_WORK
