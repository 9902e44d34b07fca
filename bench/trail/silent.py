"""The trail's app without its effects: no receiver, no comment, no trigger."""

from typing import ClassVar

from django.conf import settings

from audit.apps import AuditConfig


class Silent(AuditConfig):
    default: ClassVar[bool] = False  # type: ignore[misc]  # missing in the stubs

    def ready(self) -> None:
        AuditConfig.runtime_role = settings.DATABASES["default"]["USER"]
