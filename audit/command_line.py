"""The subcommands of ``manage.py audit``: verify, seal, checkpoint, export, retention and remove."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from audit import canonical
from audit.context import Actor, ActorKind, acting
from audit.retention import removal, rules
from audit.sealing import checkpoints
from audit.sealing.findings import Findings
from audit.sealing.prefetch import prefetch
from audit.sealing.seals import SealingStopped, seal
from audit.sealing.verification import Verification

Say = Callable[[str], object]


def add_subcommands(subcommands: Any) -> None:
    def add(name: str, run: Callable[..., None], text: str) -> Any:
        parser = subcommands.add_parser(name, help=text)
        parser.set_defaults(run=run)
        return parser

    verify = add("verify", run_verify, "find changes made since the entries were sealed; status 1 if there are any")
    verify.add_argument("--file", type=Path, help="an export to verify instead of the database; - for standard input")
    verify.add_argument("--checkpoint", type=Path, help="a checkpoint that the trail must contain")
    add("seal", run_seal, "seal all entries that can be sealed now, as the job does")
    add("checkpoint", run_checkpoint, "print a signed statement of the newest seal, to be kept elsewhere")
    export = add("export", run_export, "print the trail as lines of JSON, which verify --file reads")
    export.add_argument("--from", dest="since", type=_moment, help="a day, or a time as in 2026-11-21T10:00+01:00")
    export.add_argument("--to", dest="until", type=_moment, help="the end, likewise")
    export.add_argument("--personal", action="store_true", help="include the personal values")
    retention = add(
        "retention", run_retention, "print the minimum retention; with --days, set it as the owner of the tables"
    )
    retention.add_argument("--days", type=int)
    add("remove", run_remove, "remove all entries that are due, as the job does every day")


def run_verify(say: Say, *, file: Path | None, checkpoint: Path | None, **_options: Any) -> None:
    verification = Verification(checkpoint=_checkpoint(checkpoint) if checkpoint else None)
    findings = verification.read(_lines_of(file) if file else prefetch(lambda: canonical.stream(personal=True)))
    for line in (_summary(findings), *findings.notes, *map(str, findings.faults)):
        say(line)
    if findings.more_faults:
        say(f"and {findings.more_faults} more")
    if not findings.is_clean:
        say("The trail is not what was sealed.")
        sys.exit(1)
    say("The trail is what was sealed.")


def run_seal(say: Say, **_options: Any) -> None:
    try:
        say(f"{seal()} entries were sealed")
    except SealingStopped as stopped:
        raise CommandError(str(stopped)) from None


def run_checkpoint(say: Say, **_options: Any) -> None:
    try:
        say(checkpoints.make())
    except checkpoints.CheckpointRefused as refused:
        raise CommandError(str(refused)) from None


def run_export(say: Say, *, since: datetime | None, until: datetime | None, personal: bool, **_options: Any) -> None:
    for line in canonical.stream(canonical.Window.between(since, until), personal=personal):
        say(line)


def run_retention(say: Say, *, days: int | None, **_options: Any) -> None:
    if days is not None:
        if days < 1:
            raise CommandError("--days must be at least 1")
        if not settings.DATABASE_OWNER_URL:
            raise CommandError("DATABASE_OWNER_URL is missing: only the owner of the tables sets the minimum retention")
        with psycopg.connect(settings.DATABASE_OWNER_URL) as owner:
            owner.execute("SELECT audit_set_minimum(%s)", [days])
    say(f"entries are kept for at least {rules.minimum_days()} days")


def run_remove(say: Say, **_options: Any) -> None:
    with acting(actor=Actor(ActorKind.COMMAND, "audit remove")):
        removal.make_months()
        done = removal.remove_due()
    say(f"{done.entries} entries were removed, with {done.months} whole months")
    if done.detail:
        raise CommandError(done.detail)


def _checkpoint(file: Path) -> Mapping[str, Any]:
    try:
        return checkpoints.read(file.read_text(encoding="utf-8"))
    except OSError as unreadable:
        raise CommandError(f"{file}: {unreadable.strerror}") from None
    except checkpoints.CheckpointRefused as refused:
        raise CommandError(f"{file}: {refused}") from None


def _lines_of(file: Path) -> Iterator[str]:
    try:
        opened: TextIO = sys.stdin if str(file) == "-" else file.open(encoding="utf-8", newline="\n")
    except OSError as unreadable:
        raise CommandError(f"{file}: {unreadable.strerror}") from None
    with closing(opened):
        for line in opened:
            yield line.removesuffix("\n")


def _summary(findings: Findings) -> str:
    seals = f"{findings.seals} seals"
    if findings.first_seal:
        seals += f" ({findings.first_seal} to {findings.last_seal})"
    removed = f", {findings.removed} removed by retention" if findings.removed else ""
    tail = f", {findings.unsealed} not sealed since {findings.unsealed_since}" if findings.unsealed else ""
    part = "" if findings.is_whole else "A part of the trail: "
    return f"{part}{findings.entries} entries, {seals}{removed}{tail}"


def _moment(text: str) -> datetime:
    try:
        day = parse_date(text)
        moment = datetime.combine(day, datetime.min.time()) if day and len(text) == 10 else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"neither a day nor a time: {text}")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
