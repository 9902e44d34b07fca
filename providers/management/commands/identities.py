"""Moves the identities of an issuer to another one, after showing what would change."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.output import JSONCommand
from accounts.sign_in.provider_names import name_of
from audit.context import Actor, ActorKind, acting
from providers.moving import subject_map
from providers.moving.plan import MoveOrder, MovePlan, MoveRefused, make_plan
from providers.moving.writing import move

COMMAND = Actor(ActorKind.COMMAND, "identities move")


class Command(JSONCommand):
    help = "Move the identities of an issuer to another one (move)"

    def add_arguments(self, parser: CommandParser) -> None:
        subcommands = parser.add_subparsers(dest="subcommand", required=True)
        moving = subcommands.add_parser("move", help="show what a move would change, and do it")
        super().add_arguments(moving)
        moving.add_argument("--from-issuer", required=True, metavar="ISSUER", help="exactly as the identities have it")
        moving.add_argument("--to-issuer", required=True, metavar="ISSUER", help="exactly as it is configured")
        moving.add_argument(
            "--map", type=Path, metavar="FILE", help="CSV: an old and a new subject on each line; only these move"
        )
        moving.add_argument("--plan", action="store_true", help="only show what would change")
        moving.add_argument("--yes", action="store_true", help="do not ask, even on a terminal")

    def handle(self, *_: Any, json: bool, plan: bool, yes: bool, **named: Any) -> None:
        try:
            order = _order(named["from_issuer"], named["to_issuer"], named["map"])
            planned = make_plan(order)
            if plan or planned.clashing or not json:
                self.output(_described(planned, order), planned.document() | {"moved": False}, as_json=json)
            if planned.clashing:
                raise CommandError(f"New subjects that are connected already: {planned.clashing}. Nothing was moved.")
            if plan:
                return
            if not yes and sys.stdin.isatty() and input("Move them? [y/N] ").strip() != "y":
                raise CommandError("Nothing was moved.")
            with acting(actor=COMMAND):
                moved = move(order)
        except (subject_map.MapRefused, MoveRefused) as refused:
            raise CommandError(str(refused)) from None
        self.output(f"Moved: {moved.identities}.", moved.document() | {"moved": True}, as_json=json)


def _order(from_issuer: str, to_issuer: str, file: Path | None) -> MoveOrder:
    subjects = subject_map.read(file) if file else None
    return MoveOrder(from_issuer=from_issuer, to_issuer=to_issuer, subjects=subjects)


def _described(plan: MovePlan, order: MoveOrder) -> str:
    through = ", ".join(f"{name_of(provider)}: {count}" for provider, count in plan.by_provider.items())
    subjects = "Their subjects stay." if order.subjects is None else "Their subjects become those of the map."
    lines = [
        f"From {order.from_issuer} to {order.to_issuer} ({name_of(plan.provider)}):",
        f"  Identities that move: {plan.identities} ({through}), of people: {plan.people}. {subjects}",
    ]
    if order.subjects is not None:
        lines.append(f"  Identities of the former issuer that stay, because they are not in the map: {plan.staying}.")
    lines += [
        f"  Tokens that are deleted, because they are of no use at the new issuer: {plan.deleted_tokens}.",
        f"  Stored refusals that are deleted, because they lead nowhere afterwards: {plan.deleted_refusals}.",
        "  Accounts, memberships, second factors and sessions stay.",
    ]
    lines += [
        f"  In the way: {clash.new_subject!r}, which {clash.subject!r} of the account {clash.account} should become, "
        f"is connected to the account {clash.holder}."
        for clash in plan.clashes
    ]
    if plan.clashing > len(plan.clashes):
        lines.append(f"  and {plan.clashing - len(plan.clashes)} others")
    return "\n".join(lines)
