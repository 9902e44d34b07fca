"""What was promised to a person and is done by a worker, kept until it is done."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.retry import WAITING, Retryable

SOON = timedelta(seconds=30)  # by then a worker has had its message, or the message is lost
REMEMBERED = timedelta(days=2)


def soon() -> datetime:
    return timezone.now() + SOON


def kept_until() -> datetime:
    return timezone.now() + REMEMBERED


class DeferredTaskQuerySet(models.QuerySet["DeferredTask"]):
    def waiting(self) -> "DeferredTaskQuerySet":
        """Those that are still to be done."""
        return self.filter(WAITING)


class DeferredTask(Retryable):
    """What it is, its content, encrypted, and when it is attempted next; never again, when that is empty.

    What is over keeps no content, but its id for a while, so that it is done once, however often it is asked for.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("what"), max_length=40)
    content = models.TextField(_("content"), editable=False)  # encrypted: addresses, and links that open accounts
    next_attempt_at = models.DateTimeField(_("next try"), null=True, default=soon, db_default=Now())
    expires_at = models.DateTimeField(_("forgotten"), default=kept_until, db_index=True)

    objects = DeferredTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("deferred task")
        verbose_name_plural = _("deferred tasks")
        indexes = (models.Index(fields=["next_attempt_at"], condition=WAITING, name="deferred_task_due"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
