"""What a client may do in its own name: at most what its service, or whoever registered it, may do now (ADR 52)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.context import acting
from authserver.models import Client
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.services.holders import actors
from foundation.rows import fetch_one

COLUMNS = "r.refusal, r.scopes, r.service_id, r.person_id"
READ = f"SELECT {COLUMNS} FROM public.client_rights(%s) r"


@dataclass(frozen=True, kw_only=True)
class ClientRights:
    """The limits of a client. ``refusal`` says why it may do nothing; ``scopes`` is None without a limit."""

    refusal: str | None = None
    scopes: frozenset[str] | None = None
    service_id: UUID | None = None
    person_id: UUID | None = None

    @classmethod
    def of(cls, row: Sequence[Any]) -> "ClientRights":
        """Read the columns of the database's function. Without a row, all of them are NULL, and nothing is limited."""
        refusal, scopes, service_id, person_id = row
        limit = None if scopes is None else frozenset(scopes)
        return cls(refusal=refusal, scopes=limit, service_id=service_id, person_id=person_id)

    def present(self, given: Sequence[str]) -> list[str]:
        """Return those of the given scopes that the client may use now."""
        if self.refusal is not None:
            return []
        return [name for name in given if self.scopes is None or name in self.scopes]

    @contextmanager
    def acting(self) -> Iterator[None]:
        """If the client acts as a service, name the service and its owner in the trail until the block ends."""
        if self.service_id and self.person_id:
            actor, behind = actors(self.service_id, self.person_id)
            with acting(actor=actor, behind=behind):
                yield
        else:
            yield


def rights_of(client: Client) -> ClientRights:
    """Return the present limits of a client, in one statement, in any context. The site's own clients have none."""
    if client.tenant_id is None:
        return ClientRights()
    row = fetch_one(READ, [client.pk])
    return ClientRights.of(row) if row else ClientRights(refusal="client_unknown")


def present_scopes(rights: ClientRights, wanted: Sequence[str]) -> list[str]:
    """Return the scopes that a client asks for in its own name. Raises OAuthError if it may not use all of them now."""
    if rights.service_id is not None and rights.refusal is not None:
        raise OAuthError(
            ErrorCode.UNAUTHORIZED_CLIENT,
            "The service as which the client acts has stopped, or its owner has left.",
            reason=rights.refusal,
        )
    if len(present := rights.present(wanted)) < len(wanted):
        raise OAuthError(
            ErrorCode.INVALID_SCOPE,
            "Whoever answers for the client does not have one of these scopes.",
            reason="scope_not_delegated",
        )
    return present
