"""The Celery application: jobs run outside of requests, on a schedule or on demand."""

import os
import time
from typing import Any

from celery import Celery, signals

from jobs import broker
from jobs.queue import SENT_AT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.use()
app = Celery("vestibule")
app.set_default()  # for all threads: by itself it would be this one's alone
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.before_task_publish.connect(dispatch_uid="note when")  # type: ignore[untyped-decorator]
def note_when(*, headers: dict[str, Any], **_signal: Any) -> None:
    """Write on each message when it was sent, so that one can tell how long the oldest waits."""
    headers[SENT_AT] = time.time()
