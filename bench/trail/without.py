"""The product's settings without the trail's effects. Its tables exist and stay empty."""

from typing import Any

import audit.events
import audit.triggers
from config.settings import *  # noqa: F403  # Django reads settings off one module
from config.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT[:-1], "bench.trail.silent.Silent"]


def nothing(*_event: Any, **_details: Any) -> None:
    """Replaces the functions that record events and install triggers."""


audit.events.record = nothing  # here, before any module imports it by name
audit.triggers.install = nothing  # migrations call it
