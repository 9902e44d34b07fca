"""Why somebody may, or may not, use operations of the API or open a protected host: the deciders answer (ADR 57, 67).

A person is taken as if they had just signed in. A service or an app has the scopes that it could use now.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from accounts.models.active_membership import set_context
from api.callers import Caller
from api.forward import rights as rights_at_hosts
from api.guards import scope_of
from api.rights import Lack, Requirement, lacks
from audit.context import Actor, ActorKind
from authserver.authorization.decision import MULTIPLE, SINGLE, Authentication
from authserver.models import Client, GrantType, ProtectedHost, ServiceAccount
from authserver.scopes import OF_PEOPLE
from authserver.services.accounts import present_rights
from authserver.services.rights import ClientRights, rights_of
from tenancy.context import Scope, request_context, set_scope

Scopes = Collection[str] | None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody who would call the API. ``refusal`` is why no credential of theirs works now, in a word, or empty."""

    caller: Caller
    refusal: str = ""


def of_person(person: User, *, tenant_id: UUID | None, scopes: Scopes = None, has_factor: bool = True) -> Candidate:
    """Return a person who has just signed in to a tenant: in a browser, or with a token of these scopes."""
    how = _just_now(has_factor=has_factor)
    caller = Caller(
        kind="person",
        id=person.pk,
        scopes=None if scopes is None else frozenset(scopes),
        tenant_id=tenant_id,
        person=person,
        actor=Actor(ActorKind.PERSON, str(person.pk)),
        credential="explain",
        program="explain",
        last_sign_in=lambda: how,
        is_for_tenant=scopes is not None and tenant_id is not None,
    )
    return Candidate(caller=caller, refusal="" if person.is_active else "person_inactive")


def of_service(service: ServiceAccount, *, scopes: Scopes = None) -> Candidate:
    """Return a service with a key of these scopes, or of all that it has. The context has to see its tenant."""
    rights = present_rights(service)
    wanted = service.scopes if scopes is None else [name for name in scopes if name in service.scopes]
    return _in_own_name(service.pk, service.tenant_id, rights, wanted)


def of_client(client: Client, *, scopes: Scopes = None) -> Candidate:
    """Return an app in its own name with a token of these scopes, or of all that it may ask for."""
    rights = rights_of(client)
    wanted = [name for name in client.scopes if name not in OF_PEOPLE and (scopes is None or name in scopes)]
    refusal = "" if client.is_active else "client_stopped"
    if GrantType.CLIENT_CREDENTIALS not in client.grants:
        refusal = "not_in_its_own_name"
    return _in_own_name(rights.service_id or client.pk, client.tenant_id, rights, wanted, refusal=refusal)


def explain(candidate: Candidate, requirements: Mapping[str, Requirement]) -> dict[str, Sequence[Lack]]:
    """Return what the candidate lacks for each operation. Nothing means that they may use it."""
    if candidate.refusal:
        return {name: [{"active": candidate.refusal}] for name in requirements}
    with request_context(lambda: scope_of(candidate.caller)):
        return {name: lacks(candidate.caller, wanted) for name, wanted in requirements.items()}


def explain_host(
    person: User, host: ProtectedHost, *, tenant_id: UUID | None = None, has_factor: bool = True
) -> Sequence[Lack]:
    """Return what a person who has just signed in lacks to open a protected host. Nothing means that they may.

    ``tenant_id`` is the organization that they have chosen; without it, they act where a new session begins.
    """
    if not (person.is_active and host.is_active):
        return [{"active": "host_closed" if person.is_active else "person_inactive"}]
    how = _just_now(has_factor=has_factor)

    def begin() -> Scope:
        person.active_membership = set_context(person.pk, tenant_id, pinned=person.pinned_tenant)
        return set_scope(Scope(person_id=person.pk))

    with request_context(begin):
        caller = rights_at_hosts.caller_at(host, person, credential="explain", last_sign_in=lambda: how)
        return rights_at_hosts.missing(caller, host)


def _just_now(*, has_factor: bool) -> Authentication:
    return Authentication(at=timezone.now(), acr=MULTIPLE if has_factor else SINGLE, amr=[])


def _in_own_name(
    key: UUID, tenant_id: UUID | None, rights: ClientRights, wanted: Sequence[str], *, refusal: str = ""
) -> Candidate:
    person = User.objects.filter(pk=rights.person_id).first() if rights.person_id else None
    caller = Caller(
        kind="service",
        id=key,
        scopes=frozenset(rights.present(wanted)),
        tenant_id=tenant_id,
        person=person,
        actor=Actor(ActorKind.SERVICE, str(key)),
        credential="explain",
        program="explain",
    )
    return Candidate(caller=caller, refusal=refusal or rights.refusal or "")
