"""Deferred tasks, stored until a worker has done them."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.retry import WAITING, Retryable

SOON = timedelta(seconds=30)  # by then a worker has received the message, or the message is lost
REMEMBERED = timedelta(days=2)


def soon() -> datetime:
    return timezone.now() + SOON


def kept_until() -> datetime:
    return timezone.now() + REMEMBERED


class DeferredTaskQuerySet(models.QuerySet["DeferredTask"]):
    def waiting(self) -> "DeferredTaskQuerySet":
        """Return the tasks that are still to be done."""
        return self.filter(WAITING)


class DeferredTask(Retryable):
    """A deferred task with its encrypted content. Without ``next_attempt_at`` it is done or given up.

    Then it has no content any more. Its id stays for a while, so that the task runs once however often it is deferred.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("what"), max_length=40)
    content = models.TextField(_("content"), editable=False)  # encrypted: addresses, and links that open accounts
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, default=soon, db_default=Now())
    expires_at = models.DateTimeField(_("forgotten"), default=kept_until, db_index=True)

    objects = DeferredTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("deferred task")
        verbose_name_plural = _("deferred tasks")
        indexes = (models.Index(fields=["next_attempt_at"], condition=WAITING, name="deferred_task_due"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
