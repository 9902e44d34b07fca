"""The overview: its panels, who may see it, and the state of each panel."""

import logging
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from redis.exceptions import RedisError

from accounts.models import User
from console.overview import counting, jobs, people, provider_health, purge, refusals, revocation, sign_ins, trail
from console.overview.counting import Counter
from console.overview.panel import OverviewPanel, Shown

logger = logging.getLogger(__name__)

PANELS: list[OverviewPanel[Any]] = [
    sign_ins.PANEL,
    refusals.PANEL,
    people.SESSIONS,
    people.STALE,
    provider_health.PANEL,
    revocation.PANEL,
    trail.PANEL,
    purge.PANEL,
    jobs.PANEL,
]


def may_see_overview(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether a user may see the overview: only superusers, because the numbers include all tenants."""
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser


def shown() -> list[Shown]:
    """Return all panels with the cached numbers. If the cache is down, all panels say that they have none."""
    try:
        known = counting.cached_numbers(counters())
    except RedisError:
        logger.warning("the cache is down: the overview is shown without numbers")
        return [panel.away() for panel in PANELS]
    return [panel.show(known.get(panel.counter.key)) for panel in PANELS]


def counters() -> list[Counter[Any]]:
    """Return the counters of the panels. Several panels may share one."""
    return list({panel.counter.key: panel.counter for panel in PANELS}.values())
