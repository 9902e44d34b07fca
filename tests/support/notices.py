"""Mails that are promised: read as deferred tasks, before any worker has sent them."""

import json
from dataclasses import dataclass

from foundation.encryption import decrypt
from jobs.deferred import worker
from jobs.models import DeferredTask


@dataclass(frozen=True, kw_only=True)
class Promised:
    to: str
    subject: str
    text: str
    html: str


def promised() -> list[Promised]:
    """Return the mails that wait to be sent, or were sent, in no order, once workers have written those to many."""
    for many in DeferredTask.objects.waiting().filter(kind="notices"):
        assert worker.run(many.pk)
    found = []
    for task in DeferredTask.objects.filter(kind="mail").exclude(content=""):
        told = json.loads(decrypt(task.content, owner=task.pk, purpose=worker.PURPOSE))["arguments"]
        found.append(Promised(**{name: told[name] for name in ("to", "subject", "text", "html")}))
    return found


def subjects(address: str) -> list[str]:
    return sorted(mail.subject for mail in promised() if mail.to == address)
