"""The account of an upstream token: found by issuer and subject in one statement, or opened where configured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.organizations.claim_rules import applying
from accounts.sign_in import rate_limits
from audit.context import Actor, ActorKind, acting
from audit.events import Event
from foundation.rows import Rows, fetch_one
from providers.identity import ExternalIdentity, methods_in
from providers.linking import link
from providers.models import UpstreamIssuer
from providers.refusal import SignInRefused
from providers.refusal_responses import record_refusal
from providers.upstream_tokens.issuers import provider_of
from providers.upstream_tokens.refusals import UpstreamTokenRefusal, UpstreamTokenRefused

UNSHARED = "upstream"  # the provider of identities whose issuer is not that of a provider
OWN = ["profile", "email", "account:read", "account:write"]  # they need no role: they are about the person alone
ISSUER, PERSON = Rows(UpstreamIssuer, "(f.configured)"), Rows(User, "(f.person)")
READ = (
    f"SELECT f.tenant, f.is_member, f.scopes, {ISSUER.columns}, {PERSON.columns} "
    "FROM public.upstream_token_enter(%s, %s, %s) f"
)


@dataclass(frozen=True, kw_only=True)
class FoundPerson:
    """A configured issuer, and the person with this subject, if any, as both are now.

    The tokens of a tenant's issuer are pinned to that tenant, as sessions of its connection are (ADR 73).

    ``tenant_id`` is where the token works, and ``scopes`` what the person may use there; None stands for all scopes.
    """

    configured: UpstreamIssuer
    person: User | None
    tenant_id: UUID | None
    is_member: bool
    scopes: frozenset[str] | None


def find(issuer: str, subject: str) -> FoundPerson:
    """Return a configured issuer with the person, in any context. Raises UpstreamTokenRefused if there is none.

    The values may come from a token that is not verified yet: this only reads, and whoever sent the token learns
    nothing of the result.
    """
    row = fetch_one(READ, [issuer, subject, OWN])
    if row is None:
        raise UpstreamTokenRefused(UpstreamTokenRefusal.ISSUER_UNKNOWN, "no such upstream issuer is configured")
    (tenant_id, is_member, scopes), rest = row[:3], row[3:]
    configured, rest = ISSUER.read(rest), rest[len(ISSUER.names) :]
    if not configured.is_active:
        raise UpstreamTokenRefused(UpstreamTokenRefusal.ISSUER_INACTIVE, f"{configured} is not active")
    person = PERSON.read(rest) if rest[PERSON.names.index("id")] is not None else None
    if person is not None:
        person.pinned_tenant = configured.tenant_id
    return FoundPerson(
        configured=configured,
        person=person,
        tenant_id=tenant_id,
        is_member=is_member,
        scopes=None if scopes is None else frozenset(scopes),
    )


def open_account(configured: UpstreamIssuer, claims: Mapping[str, Any]) -> None:
    """Open the account of a new person, exactly as a first sign-in does. Raises UpstreamTokenRefused.

    The linking function decides, writes and records it. Claim rules are applied once, as for a first sign-in; later
    tokens change nothing. Of several tokens at once, one opens the account, and all of them find it.
    """
    if not configured.creates_accounts:
        raise UpstreamTokenRefused(UpstreamTokenRefusal.PERSON_UNKNOWN, "no account has this issuer and subject")
    external = None
    try:
        external = _identity(configured, claims)
        with transaction.atomic():
            identity = link(external).identity
            with acting(actor=Actor(ActorKind.SERVICE, external.provider)):
                known = applying.load_rules(identity, through=external.provider)
                provided = applying.ProvidedClaims(provider=external.provider, claims=external.provided)
                applying.apply_rules(identity, provided, known, keep=None)
    except SignInRefused as refused:
        is_recorded = rate_limits.may_leave_entry()
        if is_recorded:
            provider = external.provider if external else UNSHARED
            record_refusal(Event.SIGN_IN_REFUSED, provider, refused, external=external)
        raise UpstreamTokenRefused.of(refused, is_recorded=is_recorded) from refused


def _identity(configured: UpstreamIssuer, claims: Mapping[str, Any]) -> ExternalIdentity:
    """Return the identity. A provider reads its own claims, so that it is the same as after a sign-in there."""
    provider = provider_of(configured.issuer)
    if provider is not None:
        return provider.identity_from(claims)
    return ExternalIdentity(
        provider=UNSHARED,
        issuer=configured.issuer,
        subject=claims["sub"],
        email=claims.get(configured.email_claim, ""),
        email_verified=claims.get(configured.email_verified_claim) is True,
        name=claims.get(configured.name_claim, ""),
        methods=methods_in(claims),
    )
