"""A running Vestibule with its sandbox, and what a test can do with it."""

import secrets
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from vestibule_testing.commands import Commands
from vestibule_testing.errors import PreparationFailed
from vestibule_testing.people import SECONDS, Person
from vestibule_testing.tenants import Tenant
from vestibule_testing.tokens import Apps
from vestibule_testing.trail import Trail


class Vestibule:
    """``url`` is the site and the issuer of its tokens, ``sandbox_url`` plays the providers, ``logs`` is a folder."""

    def __init__(self, url: str, sandbox_url: str, logs: Path, commands: Commands) -> None:
        self.url, self.sandbox_url, self.logs = url, sandbox_url, logs
        self._commands = commands
        self._apps = Apps(url, commands)
        self._people: list[Person] = []

    def manage(self, *arguments: str) -> str:
        """Run a ``manage.py`` command and return what it prints. Raises PreparationFailed with its error."""
        return self._commands.run(*arguments)

    def sandbox(self, order: str, **fields: Any) -> dict[str, Any]:
        """Send an order to the sandbox, such as ``faults``, and return its state. Raises PreparationFailed."""
        answer = httpx.post(f"{self.sandbox_url}/_control/{order}", json=fields, timeout=SECONDS)
        if answer.status_code != httpx.codes.OK:
            raise PreparationFailed(f"The sandbox refuses {order}: {answer.text[:1000]}")
        found: dict[str, Any] = answer.json()
        return found

    def sign_in_as(self, persona: str | None = None, *, provider: str = "google", **fields: Any) -> Person:
        """Sign a person in through the pages of Vestibule and of a provider of the sandbox.

        ``persona`` is one of the sandbox's cast, such as ``ada``. Without one, it is somebody new, whom no other test
        knows, with these ``fields`` of a persona. Raises PreparationFailed with the text of the page that refuses.
        """
        if persona is None:
            persona = f"person-{secrets.token_hex(4)}"
            usual = {"name": f"Person {persona[-8:]}", "email": f"{persona}@example.com", "domain_owner": True}
            self.sandbox("personas", **{"key": persona, **usual, **fields})
        self._people.append(Person(self.url, self.sandbox_url, persona, provider))
        return self._people[-1]

    def make_tenant(self, name: str = "Tenant", /, **members: Person | Iterable[Person]) -> Tenant:
        """Make a tenant whose name nobody else has, and give people roles there: ``owner=ada, member=[grace, zoe]``.

        They are signed in again, so that their sessions are in this tenant. Raises PreparationFailed.
        """
        name = f"{name} {secrets.token_hex(3)}"
        made = self._commands.document("create_tenant", "--name", name)
        tenant = Tenant(UUID(made["id"]), made["slug"], name, self._commands)
        for role, given in members.items():
            for person in [given] if isinstance(given, Person) else given:
                tenant.add(person, role)
        return tenant

    def tokens_for(self, person: Person, *scopes: str, resource: str = "") -> dict[str, Any]:
        """Return all that an app gets about a person: with ``openid`` an ID token, with ``offline_access`` a refresh
        token. ``resource`` is the audience of the access token; by default that is Vestibule itself. Raises
        PreparationFailed."""
        return self._apps.tokens_for(person, scopes, resource)

    def token_for(self, person: Person, *scopes: str, resource: str = "") -> str:
        """Return an access token of a person with these scopes, as ``tokens_for`` does."""
        return str(self.tokens_for(person, *scopes, resource=resource)["access_token"])

    def client_token(self, *scopes: str, resource: str = "") -> str:
        """Return an access token of a program that acts in its own name. Raises PreparationFailed."""
        return str(self._apps.own_tokens(scopes, resource)["access_token"])

    def close(self) -> None:
        """Close the connections of all browsers."""
        for person in self._people:
            person.browser.close()

    @cached_property
    def trail(self) -> Trail:
        return Trail(self._commands)
