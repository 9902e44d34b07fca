"""The shops that are compared: with our trail, without a trail, with a peer's."""

import secrets
import sys
from collections.abc import Mapping
from typing import ClassVar

from bench.ours import Vestibule
from bench.peers.auditlog import LOCK
from bench.peers.packages import installed
from bench.target import Ground, Target


class WithTrail(Vestibule):
    described = "the product with the shop as an app, as the runtime role, with its pool and its guards"

    def environment(self, ground: Ground) -> dict[str, str]:
        return {**super().environment(ground), "DJANGO_SETTINGS_MODULE": "bench.trail.ours"}

    def preparation(self) -> list[list[str]]:
        return [[sys.executable, "manage.py", "migrate", "--run-syncdb", "--verbosity", "0"]]


class Empty(WithTrail):
    name = "vestibule-empty"
    described = "the same with an empty trail"


class Bare(Target):
    name = "bare"
    described = "the same models in Django with a persistent connection and without a trail"
    readings: ClassVar[Mapping[str, str]] = {}

    def environment(self, ground: Ground) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "bench.trail.bare",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": ground.owner_url,
        }

    def preparation(self) -> list[list[str]]:
        return [[sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]]

    def command(self, port: int) -> list[str]:
        raise NotImplementedError("the shop has no pages")


class Auditlog(Bare):
    name = "auditlog"
    described = "the same with django-auditlog, no actor set"

    def environment(self, ground: Ground) -> dict[str, str]:
        packages = {
            "PYTHONPATH": str(installed(self.name, LOCK)),
            "DJANGO_SETTINGS_MODULE": "bench.peers.auditlog.settings",
        }
        return {**super().environment(ground), **packages}
