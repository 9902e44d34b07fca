"""Creates the first administrator: a superuser with a username and a password."""

import getpass
import secrets
import sys
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError, transaction

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.management.lookup import in_one_line
from accounts.management.output import JSONCommand
from accounts.models import User
from accounts.sessions import SessionRevocationReason, revoke_others
from audit.context import Actor, ActorKind, acting
from foundation.display_names import on_one_line

STANDARD_INPUT = "-"


class Command(JSONCommand):
    help = "Create an administrator. Running it again changes only the password, and only with --reset-password"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--username", required=True, help="the name to sign in with")
        parser.add_argument("--email", help="e-mail address")
        parser.add_argument("--name", default="", help="display name")
        parser.add_argument("--reset-password", action="store_true", help="change the password of an administrator")
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--password-file", metavar="FILE", help="read the password from this file; - is the standard input"
        )
        source.add_argument("--generate-password", action="store_true", help="generate a password and print it once")

    def handle(  # noqa: PLR0913  # one for each option
        self,
        *_: Any,
        username: str,
        email: str | None,
        name: str,
        reset_password: bool,
        password_file: str | None,
        generate_password: bool,
        json: bool,
        **__: Any,
    ) -> None:
        known = _known(username)
        if known and not reset_password:
            self._tell(known, "exists already", None, as_json=json)
            return
        user = known or _new(username, email, name)
        password = secrets.token_urlsafe(18) if generate_password else _asked(password_file)
        _check(user, password)
        user.set_password(password)
        try:
            with acting(actor=Actor(ActorKind.COMMAND, "create_administrator")), transaction.atomic():
                user.save(update_fields=["password"] if known else None)
                revoke_others(user, keep=None, reason=SessionRevocationReason.ADMINISTRATOR)
                if known:
                    notices.notify(user, Notice.PASSWORD_SET)
        except IntegrityError:  # a concurrent run created the account
            self._tell(User.objects.get(username=username), "exists already", None, as_json=json)
            return
        done = "has a new password" if known else "was created"
        self._tell(user, done, password if generate_password else None, is_new=not known, as_json=json)

    def _tell(self, user: User, done: str, password: str | None, *, is_new: bool = False, as_json: bool) -> None:
        document = {"id": user.pk, "username": user.username, "created": is_new, "password": password}
        shown = f"\nThe password, shown this once: {password}" if password else ""
        self.output(f"The administrator {user.username} ({user.pk}) {done}.{shown}", document, as_json=as_json)


def _new(username: str, email: str | None, name: str) -> User:
    name = on_one_line(name)
    return User(username=username, email=email, name=name, name_set_here=bool(name), is_staff=True, is_superuser=True)


def _known(username: str) -> User | None:
    """Return the administrator of this username. Raises CommandError if the account is not an active administrator."""
    known = User.objects.filter(username=username).first()
    if known and not (known.is_superuser and known.is_active):
        raise CommandError(f"The account {username!r} exists, but it is deactivated or not a superuser: see the admin.")
    return known


def _asked(password_file: str | None) -> str:
    """Read the password from a file, the standard input or a prompt; other users could read a command line."""
    if password_file == STANDARD_INPUT:
        return sys.stdin.readline().rstrip("\r\n")
    if password_file:
        try:
            return Path(password_file).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as failure:
            raise CommandError(f"The password cannot be read from {password_file}: {failure}") from None
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal for a prompt: use --password-file or --generate-password.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two passwords are not the same.")
    return password


def _check(user: User, password: str) -> None:
    try:
        user.clean_fields(exclude=["password"])
        validate_password(password, user)
    except ValidationError as invalid:
        raise in_one_line(invalid) from None
