"""The product's Celery application with a job that runs twice a second, so that a test soon sees many runs."""

from config.celery import app

__all__ = ["app"]

app.conf.beat_schedule = {"webhooks": {**app.conf.beat_schedule["webhooks"], "schedule": 0.5}}
