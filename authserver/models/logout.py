"""Notices of ended sessions, to be sent to clients."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from authserver.models.client import Client
from jobs.retry import Leased, Retryable


class LogoutNotice(Retryable, Leased):
    """The end of a session, of which a client is yet to be told (OpenID Connect Back-Channel Logout 1.0).

    Each attempt signs a logout token of its own. A row is deleted when the client has answered, or is given up.
    ``subject`` is the person's ``sub``, and no reference: the notice goes out after the account was deleted, too.
    ``tenant_id`` is the client's, so that each tenant gets its share of the senders; empty for clients of the site.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", verbose_name=_("app"))
    tenant_id = models.UUIDField(null=True, editable=False)
    subject = models.CharField(max_length=36, editable=False)
    sid = models.CharField(max_length=40, editable=False)

    class Meta:
        verbose_name = _("logout notice")
        verbose_name_plural = _("logout notices")
        indexes = (models.Index(fields=["next_attempt_at"], name="logout_notice_due"),)

    def __str__(self) -> str:
        return str(self.pk)
