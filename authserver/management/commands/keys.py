"""Shows the keys that sign tokens, replaces them, and withdraws one that leaked."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.management.output import JSONCommand
from audit.context import Actor, ActorKind, acting
from authserver.keys import ring, rotation, stored
from authserver.models import TokenSigningKey

COMMAND = Actor(ActorKind.COMMAND, "keys")


class Command(JSONCommand):
    help = "Show the keys that sign tokens (list), publish their successors (rotate), or withdraw one (withdraw KID)"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("act", choices=["list", "rotate", "withdraw"])
        parser.add_argument("kid", nargs="?", help="the ID of the key to withdraw")

    def handle(self, *_: Any, act: str, kid: str | None, json: bool, **__: Any) -> None:
        if (kid is not None) != (act == "withdraw"):
            raise CommandError("Name the key to withdraw, by its ID." if kid is None else f"{act} takes no key.")
        try:
            with acting(actor=COMMAND):
                done = self._done(act, kid or "")
        except rotation.RotationRefused as refused:
            raise CommandError(str(refused)) from None
        keys = _keys()
        self.output("\n".join([*done, *map(_line, keys)]), {"keys": keys}, as_json=json)

    def _done(self, act: str, kid: str) -> list[str]:
        if act == "withdraw":
            found = rotation.withdraw(kid)
            successors = [f"{one.algorithm} {one.kid} signs from now on." for one in found.successors]
            return [f"{kid} is withdrawn. Nothing that it signed counts any more.", *successors]
        if act == "rotate":
            rotated = rotation.rotate()
            new = [f"{one.algorithm} {one.kid} is published." for one in rotated.published]
            return [
                *(new or ["Their successors are published already."]),
                *(f"{one.kid} is retired." for one in rotated.retired),
            ]
        ring.current()  # generates the first keys
        return []


def _keys() -> list[dict[str, Any]]:
    """Return what is known of each key, but for the private key."""
    if settings.OIDC_SIGNING_KEYS:
        return _configured()
    rows = list(TokenSigningKey.objects.all())
    states = stored.states(rows, timezone.now())
    return [
        {
            "kid": row.kid,
            "algorithm": row.algorithm,
            "state": states[row.kid].value,
            "published": row.created_at,
            "signs_from": row.active_at,
            "removed": row.removed_at,
        }
        for row in rows
    ]


def _configured() -> list[dict[str, Any]]:
    found = ring.current()
    signing = {pair.kid for pair in found.signing.values()}
    return [
        {
            "kid": pair.kid,
            "algorithm": pair.algorithm.value,
            "state": (stored.KeyState.SIGNING if pair.kid in signing else stored.KeyState.VERIFYING).value,
            "published": None,
            "signs_from": None,
            "removed": None,
        }
        for pair in found.published
    ]


def _line(key: dict[str, Any]) -> str:
    line = f"{key['algorithm']:8} {key['kid']}  {stored.KeyState(key['state']).label}"
    if key["state"] == stored.KeyState.WAITING:
        line += f" from {key['signs_from']:%Y-%m-%d %H:%M} UTC on"
    return line
