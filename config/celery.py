"""The Celery application: jobs run outside of requests, on a schedule or on demand."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("vestibule")
app.set_default()  # for all threads: by itself it would be this one's alone
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
