"""Says under which keys secrets are encrypted, and encrypts them anew under the newest."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from foundation.encryption import key_ids
from jobs.key_rotation import KeyUsage, count_keys, rotate


class Command(BaseCommand):
    help = "Say under which keys secrets are encrypted (status), or encrypt all anew under the newest key (rotate)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["status", "rotate"])

    def handle(self, *args: Any, **options: Any) -> None:
        found = rotate() if options["act"] == "rotate" else count_keys()
        self.stdout.write(f"The newest key is {key_ids()[0]}.")
        for one in found:
            self.stdout.write(f"{one.name}: {_said(one)}")
        if any(one.lost or one.foreign for one in found):
            raise SystemExit(1)


def _said(found: KeyUsage) -> str:
    words = [f"{count} under {key}" for key, count in sorted(found.by_key.items())] or ["nothing"]
    if found.renewed:
        words.append(f"{found.renewed} of them were encrypted anew")
    if found.lost:
        words.append(f"{found.lost} under keys that are not listed: nobody can read them")
    if found.foreign:
        words.append(f"{found.foreign} do not belong to where they stand")
    return ", ".join(words)
