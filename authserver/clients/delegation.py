"""What a tenant's administrators may do with its clients: never more than they may do themselves (ADR 12).

They register and change clients of their own tenant. Such a client acts in its own name with at most the scopes that
its registrar has in the tenant at that moment. What concerns the whole site is for superusers: whether people are
asked, the switch for the conformance suite, the signing algorithm, and resource servers of others.
"""

from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.organizations import delegation
from audit.events import Event, record
from authserver import scopes
from authserver.models import Client, Resource, SigningAlgorithm

Faults = dict[str, list[object]]


def is_within_reach(actor: User, client: Client) -> bool:
    """Whether an administrator may change this client, or get a secret of it.

    Whoever has a secret of a client, or receives its codes, can act as the client.
    """
    if actor.is_superuser and actor.is_active:
        return True
    if client.tenant_id is None or client.is_first_party or client.is_pkce_optional:
        return False
    return delegation.has_all(actor, client.tenant_id, (), own_scopes(client.scopes))


def faults(actor: User, client: Client, before: Client | None) -> Faults:
    """Return what this administrator may not give a client, by field. ``before`` is the client as it is stored."""
    if actor.is_superuser and actor.is_active:
        return {}
    found: Faults = {}
    membership = actor.active_membership
    if membership is None or membership.tenant_id != client.tenant_id:
        return {"tenant": [delegation.ABOVE]}
    if client.is_first_party:
        found["is_first_party"] = [delegation.ABOVE]
    if client.is_pkce_optional:
        found["is_pkce_optional"] = [delegation.ABOVE]
    if client.signing_algorithm != (before.signing_algorithm if before else SigningAlgorithm.RS256):
        found["signing_algorithm"] = [delegation.ABOVE]
    if not client.is_delegated and (before is None or before.is_delegated):
        found["is_delegated"] = [delegation.ABOVE]
    if not delegation.has_all(actor, membership.tenant_id, (), own_scopes(client.scopes)):
        found["scopes"] = [delegation.ABOVE]
    if _is_service_above(actor, client, before):
        found["service"] = [delegation.ABOVE]
    if not _are_of_tenant(set(client.resources) - set(before.resources if before else ()), client):
        found["resources"] = [delegation.ABOVE]
    return found


def fields_above(invalid: ValidationError) -> list[str]:
    """Return the fields that were refused because they are above the actor, and not because they are wrong."""
    return [field for field, texts in invalid.message_dict.items() if str(delegation.ABOVE) in texts]


def record_refusals(actor: User, client: Client | None, fields: Iterable[str]) -> None:
    """Record that an administrator wanted more for a client than they have. Call it after a rollback."""
    for field in fields:
        record(Event.CHANGE_REFUSED, object=client, reason=f"app_{field}_above", requested_by=str(actor.pk))


def _is_service_above(actor: User, client: Client, before: Client | None) -> bool:
    """Whether a client gets a service with more scopes than the actor has, or loses the one that limits it.

    Without a service, a client that is not delegated has only its own limits.
    """
    former = before.service_id if before else None
    if client.service_id == former:
        return False
    if client.service is None:
        return not client.is_delegated
    return not delegation.has_all(actor, client.service.tenant_id, (), client.service.scopes)


def own_scopes(names: Iterable[str]) -> set[str]:
    """Return the scopes that allow a client something in its own name."""
    return set(names) - scopes.OF_PEOPLE


def _are_of_tenant(identifiers: set[str], client: Client) -> bool:
    wanted = identifiers - {settings.PUBLIC_URL}
    known = Resource.objects.filter(tenant=client.tenant_id, identifier__in=wanted).values_list("identifier", flat=True)
    return wanted <= set(known)
