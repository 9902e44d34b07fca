"""The app configuration of the project itself."""

from importlib import import_module

from django.apps import AppConfig


class HouseConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        import_module("config.celery")  # so that every process knows the broker for its tasks
