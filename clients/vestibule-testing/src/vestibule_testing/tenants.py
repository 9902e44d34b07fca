"""Tenants with their roles and members, made by the product's commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from vestibule_testing.commands import Commands
from vestibule_testing.people import Person


@dataclass(frozen=True)
class Tenant:
    """A tenant. Its pages and administrators call it an organization."""

    id: UUID
    slug: str
    name: str
    _commands: Commands

    def add(self, person: Person, role: str) -> None:
        """Give a person a role here, and sign them in again, so that their session is in this tenant.

        Raises PreparationFailed for an unknown role.
        """
        of = ("--tenant", str(self.id), "--user", str(person.id), "--role", role)
        self._commands.run("add_member", *of, "--primary")
        person.sign_in()

    def remove(self, person: Person) -> None:
        """End a person's membership, and with it their sessions here."""
        self._commands.run("remove_member", "--tenant", str(self.id), "--user", str(person.id))

    def add_role(self, name: str, *, scopes: Sequence[str] = (), permissions: Sequence[str] = ()) -> str:
        """Make a role of this tenant, and return its name.

        ``scopes`` are what its members' keys and services may have. ``permissions`` are rights in the admin and the
        API, such as ``accounts.view_membership``. Raises PreparationFailed for an unknown one.
        """
        given = [*(("--scope", *scopes) if scopes else ()), *(("--permission", *permissions) if permissions else ())]
        self._commands.run("create_role", "--tenant", str(self.id), "--name", name, *given)
        return name
