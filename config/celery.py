"""The Celery application. Its tasks run outside of requests, on a schedule or on demand."""

import os
import time
from typing import Any

from celery import Celery, signals

from jobs import broker
from jobs.queue import SENT_AT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.use()
app = Celery("vestibule")
app.set_default()  # for all threads: Celery would make it current in this one only
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.before_task_publish.connect(dispatch_uid="note when")  # type: ignore[untyped-decorator]
def note_when(*, headers: dict[str, Any], **_signal: Any) -> None:
    """Add the time of sending to each message, from which the age of the oldest waiting one is computed."""
    headers[SENT_AT] = time.time()
