"""The app of the audit trail."""

from typing import ClassVar

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """List it last in INSTALLED_APPS. Then its receivers run after all others, just before the announced statement."""

    name = "audit"
    verbose_name = _("Audit trail")
    runtime_role: ClassVar[str]

    def ready(self) -> None:
        # Read it now, because while migrations run the connection has the owner's settings.
        AuditConfig.runtime_role = settings.DATABASES["default"]["USER"]
        from audit import announce, checks, comment, events, triggers  # noqa: F401, PLC0415  # they need the models

        events.events()
        announce.connect()
        connection_created.connect(comment.install)
        post_migrate.connect(triggers.after_migrations, sender=self)
