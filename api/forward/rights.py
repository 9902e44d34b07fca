"""Who a person is at a protected host, and what they lack there: the decider is that of the API (``api.rights``)."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from accounts.models import User
from accounts.models.active_membership import set_context
from api.callers import Caller
from api.rights import Lack, Requirement, lacks
from audit.context import Actor, ActorKind
from authserver.authorization import pinned
from authserver.authorization.decision import MULTIPLE, Authentication
from authserver.models import ProtectedHost

USER, EMAIL, NAME = "X-Vestibule-User", "X-Vestibule-Email", "X-Vestibule-Name"
TENANT, ROLE = "X-Vestibule-Tenant", "X-Vestibule-Role"
# Printable ASCII, without what separates elements of a list or begins an escape (RFC 9110, section 5.5)
SAFE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in '%,;"\\')
LONGEST_NAME = 64  # characters: proxies keep all headers of our response in 4 KiB


def caller_at(
    host: ProtectedHost, person: User, *, credential: str, last_sign_in: Callable[[], Authentication | None]
) -> Caller:
    """Return the person as a caller: in the host's organization, or in their active one, whose membership is set.

    A session may do all that its person may do. Here it has the scopes of the role, so that a host can require one.
    """
    membership = person.active_membership
    if host.tenant_id and (membership is None or membership.tenant_id != host.tenant_id):
        membership = set_context(person.pk, host.tenant_id, pinned=person.pinned_tenant)
        membership = membership if membership and membership.tenant_id == host.tenant_id else None
        person.active_membership = membership
    return Caller(
        kind="person",
        id=person.pk,
        scopes=membership.scopes if membership else frozenset(),
        tenant_id=membership.tenant_id if membership else None,
        person=person,
        actor=Actor(ActorKind.PERSON, str(person.pk)),
        credential=credential,
        program=f"person {person.pk}",
        last_sign_in=last_sign_in,
    )


def missing(caller: Caller, host: ProtectedHost) -> Sequence[Lack]:
    """Return everything that a caller lacks to open a host; in a pinned session, perhaps a proof before all else."""
    if caller.person is not None and pinned.is_closed(caller.person, host):
        return [{"unpinned": True}]
    wanted = Requirement(
        scope=host.scope,
        role=host.role,
        org_role=tuple(host.org_roles),
        tenant=host.tenant_id is not None,
        fresh=host.fresh,
        acr=MULTIPLE if host.needs_second_factor else "",
    )
    return lacks(caller, wanted, named_tenant=host.tenant_id)


def identity_headers(caller: Caller) -> Mapping[str, str]:
    """Return the headers that name the person to the application: always all of them, so that none can be forged.

    Values are percent-encoded UTF-8 outside of ``SAFE``. An address that is not verified is left out.
    """
    person = caller.person
    assert person is not None  # noqa: S101  # callers here are people
    membership = person.active_membership
    values = {
        USER: str(person.pk),
        EMAIL: (person.email or "") if person.email_verified else "",
        NAME: person.name[:LONGEST_NAME],
        TENANT: str(membership.tenant_id) if membership else "",
        ROLE: membership.role_name if membership else "",
    }
    return {name: quote(value.strip(), safe=SAFE) for name, value in values.items()}
