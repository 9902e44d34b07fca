"""The product's Celery application with a broker that redelivers a message to another worker after seconds."""

from config.celery import app

__all__ = ["app"]

app.conf.broker_transport_options = {
    **app.conf.broker_transport_options,
    "visibility_timeout": 3,
    # kombu looks every ten seconds, and really does so each tenth time: seconds, and each time
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
