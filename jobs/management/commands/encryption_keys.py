"""Shows under which keys the secrets are encrypted, and re-encrypts them under the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from foundation.encryption import key_ids
from jobs.key_rotation import KeyUsage, count_keys, rotate


class Command(BaseCommand):
    help = "Show under which keys the secrets are encrypted (status), or re-encrypt all under the newest key (rotate)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["status", "rotate"])

    def handle(self, *args: Any, **options: Any) -> None:
        found = rotate() if options["act"] == "rotate" else count_keys()
        self.stdout.write(f"The newest key is {key_ids()[0]}.")
        for one in found:
            self.stdout.write(f"{one.name}: {_described(one)}")
        if any(one.lost or one.foreign for one in found):
            raise SystemExit(1)


def _described(found: KeyUsage) -> str:
    parts = [f"{count} under {key}" for key, count in sorted(found.by_key.items())] or ["nothing"]
    if found.renewed:
        parts.append(f"{found.renewed} of them were re-encrypted")
    if found.lost:
        parts.append(f"{found.lost} under keys that are not listed and so cannot be decrypted")
    if found.foreign:
        parts.append(f"{found.foreign} do not belong to their rows")
    return ", ".join(parts)
