"""Mails that are to be sent, read from the deferred tasks before a worker has sent them."""

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
    """Return the mails that wait to be sent or were sent, in any order. Tasks that mail many people run first."""
    for many in DeferredTask.objects.waiting().filter(kind="notices"):
        assert worker.run(many.pk)
    found = []
    for task in DeferredTask.objects.filter(kind="mail").exclude(content=""):
        arguments = json.loads(decrypt(task.content, owner=task.pk, purpose=worker.PURPOSE))["arguments"]
        found.append(Promised(**{name: arguments[name] for name in ("to", "subject", "text", "html")}))
    return found


def subjects(address: str) -> list[str]:
    return sorted(mail.subject for mail in promised() if mail.to == address)
