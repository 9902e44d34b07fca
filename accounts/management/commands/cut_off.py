"""Cuts a person off: revokes all of their credentials, and deactivates their account."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import cut_off
from accounts.management.lookup import find_person
from accounts.management.output import JSONCommand
from accounts.models import CutOff
from audit.context import Actor, ActorKind, acting


class Command(JSONCommand):
    help = "Revoke all credentials of a person, and deactivate the account until an administrator reactivates it"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", required=True, help="by id, username or verified address")
        parser.add_argument("--reason", required=True, help="the reason, for the trail; without the person's name")
        parser.add_argument(
            "--leave-open", action="store_true", help="do not deactivate the account: they may sign in again"
        )

    def handle(self, *_: Any, user: str, reason: str, leave_open: bool, json: bool, **__: Any) -> None:
        person = find_person(user)
        if not reason.strip():
            raise CommandError("Give a reason: the trail records --reason.")
        with acting(actor=Actor(ActorKind.COMMAND, "cut_off")):
            try:
                done = cut_off.cut_off(person, by=CutOff.By.COMMAND, reason=reason.strip(), close=not leave_open)
            except cut_off.CutOffRefused:
                raise CommandError(
                    "This is the last superuser who can sign in: create another one first, or use --leave-open."
                ) from None
        done.refresh_from_db()
        checks = cut_off.check_list(done)
        lines = [f"  {check.label}: {check.revoked} revoked, {_state(check)}" for check in checks]
        document = {
            "id": person.pk,
            "deactivated": done.deactivated,
            "confirmed": done.confirmed_at,
            "checks": done.checks,
        }
        closed = (
            " The account is deactivated." if done.deactivated else " The account is active: they may sign in again."
        )
        self.output("\n".join([f"{person.pk} was cut off.{closed}", *lines]), document, as_json=json)


def _state(check: cut_off.Check) -> str:
    return "confirmed" if check.confirmed_at else f"{check.alive} not confirmed yet (checked again every 30 s)"
