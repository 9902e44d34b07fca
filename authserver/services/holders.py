"""Who acts with an API key or a certificate, and what they may do now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from audit.context import Actor, ActorKind, acting
from authserver.models import ServiceAccount


@dataclass(frozen=True, kw_only=True)
class CredentialHolder:
    """A person with their own key, or a service: then ``person`` is its owner.

    ``scopes`` are those that were given and that the person may use now. ``tenant_id`` is None for the key of a person
    that works in no tenant. ``key_id`` is None for a certificate.
    """

    person: User
    service: ServiceAccount | None
    tenant_id: UUID | None
    scopes: frozenset[str]
    key_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """The id of who acts: of the service if there is one, else of the person."""
        return self.service.pk if self.service else self.person.pk

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Name the holder in the trail until the block ends: of a service, its owner too."""
        actor, behind = actors(self.service.pk if self.service else None, self.person.pk)
        with acting(actor=actor, behind=behind, tenant_id=self.tenant_id):
            yield


def actors(service_id: UUID | None, person_id: UUID) -> tuple[Actor, Actor | None]:
    """Return who acts, and who is behind them."""
    person = Actor(ActorKind.PERSON, str(person_id))
    return (Actor(ActorKind.SERVICE, str(service_id)), person) if service_id else (person, None)
