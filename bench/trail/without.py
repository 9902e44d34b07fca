"""The product's settings without what the trail does; its tables stand there, empty."""

from typing import Any

import audit.events
import audit.triggers
from config.settings import *  # noqa: F403  # Django reads settings off one module
from config.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT[:-1], "bench.trail.silent.Silent"]


def nothing(*_event: Any, **_details: Any) -> None:
    """What happens instead of recording an event."""


audit.events.record = nothing  # here, before anybody imports it by name
audit.triggers.install = nothing  # migrations call it
