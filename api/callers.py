"""The caller of the API: one value for all kinds of credentials."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from django.http import HttpRequest

from accounts.models import User
from audit.context import Actor
from authserver.authorization.decision import Authentication

CallerKind = Literal["person", "service"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A person or a service, with what the credential lets it do.

    ``scopes`` limits the credential: None for a browser's session, which may do all that the person may do.
    ``person`` is whose rights count: the person themselves, the owner of a service, or None for an app of the site in
    its own name. ``tenant_id`` is where the caller acts. ``actor`` and ``behind`` are who stands in the trail.
    ``credential`` and ``program`` are the keys under which its requests are counted: this credential, and all those of
    one app, service or person. ``client`` is the app to which a token was issued. ``last_sign_in`` says how and when
    the person last signed in. It is None for what no sign-in has given, such as a key, and it returns None if the
    credential does not tell. ``is_for_tenant`` says that the credential was given for one tenant, even if the person
    has left it since; a session never is. ``only_tenant`` is the organization whose app it is, or to which the person
    is pinned: it learns nothing about the person's others.
    """

    kind: CallerKind
    id: UUID
    scopes: frozenset[str] | None
    tenant_id: UUID | None
    person: User | None
    actor: Actor
    behind: Actor | None = None
    credential: str
    program: str
    client: UUID | None = None
    last_sign_in: Callable[[], Authentication | None] | None = field(default=None, repr=False)
    is_for_tenant: bool = False
    only_tenant: UUID | None = None

    def __post_init__(self) -> None:
        """A service is no superuser, whoever its owner is: their role in the tenant is what counts."""
        if self.kind == "service" and self.person is not None:
            object.__setattr__(self, "person", without_site_rights(self.person))

    @property
    def is_site_wide(self) -> bool:
        """Whether a superuser acts on the whole site. A credential for one tenant reaches that tenant alone."""
        person = self.person if self.kind == "person" and not self.is_for_tenant else None
        return person is not None and person.is_active and person.is_superuser

    @property
    def pinned_tenant(self) -> UUID | None:
        """The tenant whose connection opened what the credential comes from (ADR 73)."""
        return self.person.pinned_tenant if self.person else None

    @property
    def with_rights(self) -> User | None:
        """The person with the rights that the credential has: on the site, or those of their role in its tenant."""
        return self.person if self.is_site_wide or self.person is None else without_site_rights(self.person)

    @property
    def own_scopes(self) -> list[str]:
        """The scopes in order, for the caller to see. A session has none, because it needs none."""
        return sorted(self.scopes or ())

    def may_know(self, tenant_id: UUID | None) -> bool:
        """Whether the caller may learn that the person has something to do with a tenant, or with none (ADR 56)."""
        return self.only_tenant in {None, tenant_id}

    def agrees_with(self, other: "Caller") -> bool:
        """Whether two credentials of a request are for the same caller in the same tenant."""
        return (self.kind, self.id, self.tenant_id) == (other.kind, other.id, other.tenant_id)

    def joined_with(self, other: "Caller") -> "Caller":
        """Return the caller with two credentials that agree: it may do only what both allow."""
        limits = [one.scopes for one in (self, other) if one.scopes is not None]
        scopes = frozenset.intersection(*limits) if limits else None
        return replace(
            self,
            scopes=scopes,
            is_for_tenant=self.is_for_tenant or other.is_for_tenant,
            only_tenant=self.only_tenant or other.only_tenant,
        )


def without_site_rights(person: User) -> User:
    """Return a copy of a superuser who has only the rights of their role in a tenant. It is not meant to be saved."""
    if not person.is_superuser:
        return person
    limited = copy.copy(person)
    limited.is_superuser = False
    return limited


def caller_of(request: HttpRequest) -> Caller:
    """Return the caller that a guard has let through."""
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja
    return caller
