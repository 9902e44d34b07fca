"""The app of the jobs. Reads the declarations at startup, so that a wrong one stops the process."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        import_module("jobs.celery_context").connect()
        import_module("jobs.key_rotation").encrypted()
        import_module("jobs.purging").purgeables()
