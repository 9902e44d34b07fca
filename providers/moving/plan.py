"""Decide about a move of identities to another issuer: what would change, and what is in the way. Writes nothing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.sign_in.provider_names import name_of
from foundation.rows import fetch_all, fetch_one
from providers import registry
from providers.connections import directory
from providers.identity import is_subject
from providers.models import UpstreamIssuer
from providers.upstream_tokens.people import UNSHARED
from tenancy import site_context

MOST_NAMED = 20  # clashes, issuers and subjects that are listed

MOVING = """
    WITH moving AS MATERIALIZED (
        SELECT i.id, i.user_id, i.provider, i.subject, coalesce(m.subject, i.subject) AS new_subject
        FROM accounts_identity i
        LEFT JOIN unnest(%(old)s::text[], %(new)s::text[]) AS m (old, subject) ON m.old = i.subject
        WHERE i.issuer = %(from_issuer)s AND (m.old IS NOT NULL OR NOT %(has_map)s)
    )
"""
# Refused identities that lead nowhere after the move: those that are connected then, and all of an issuer that is left.
IS_OBSOLETE = """
    (r.issuer = %(to_issuer)s AND r.subject IN (SELECT new_subject FROM moving)
        OR r.issuer = %(from_issuer)s AND NOT %(has_map)s)
"""
COUNTS = f"""
    {MOVING}
    SELECT
        (SELECT count(*) FROM moving),
        (SELECT count(DISTINCT user_id) FROM moving),
        (SELECT count(*) FROM accounts_identity WHERE issuer = %(from_issuer)s),
        (SELECT count(*) FROM providers_upstreamtokens WHERE identity_id IN (SELECT id FROM moving)),
        (SELECT count(*) FROM providers_refusedidentity r WHERE {IS_OBSOLETE}),
        (SELECT coalesce(jsonb_object_agg(provider, number), '{{}}')::text
            FROM (SELECT provider, count(*) AS number FROM moving GROUP BY provider) AS by_provider)
"""
CLASHES = f"""
    {MOVING}
    SELECT m.subject, m.new_subject, m.user_id, other.user_id, count(*) OVER ()
    FROM moving m JOIN accounts_identity other
        ON other.issuer = %(to_issuer)s AND other.subject = m.new_subject AND other.id <> m.id
    ORDER BY m.id LIMIT %(most)s
"""
UNKNOWN = """
    SELECT m.old, count(*) OVER () FROM unnest(%(old)s::text[]) AS m (old)
    WHERE NOT EXISTS (
        SELECT FROM accounts_identity i WHERE i.issuer = %(from_issuer)s AND i.subject = m.old
    ) ORDER BY m.old LIMIT %(most)s
"""
BY_RULE = f"""
    {MOVING}
    SELECT c.provider, count(DISTINCT m.id) FROM accounts_membership m JOIN accounts_claimrule c ON c.id = m.rule_id
    JOIN moving i ON i.user_id = m.user_id AND i.provider = c.provider
    WHERE c.provider <> ALL (%(providers)s) GROUP BY c.provider ORDER BY c.provider
"""
KNOWN = "SELECT issuer FROM accounts_identity GROUP BY issuer ORDER BY count(*) DESC, issuer LIMIT %s"


class MoveRefused(Exception):
    """The identities cannot be moved. The argument is one line for the operator; nothing was written."""


@dataclass(frozen=True, kw_only=True)
class MoveOrder:
    """From which issuer to which. ``subjects`` are the new subjects by the old ones, None if all people keep theirs.

    With ``subjects``, only those people move; then both issuers may be the same.
    """

    from_issuer: str
    to_issuer: str
    subjects: Mapping[str, str] | None = None

    @cached_property
    def providers(self) -> list[str]:
        """The ids of the providers of ``to_issuer``. Raises MoveRefused if no such issuer is configured."""
        if found := [provider.id for provider in registry.issuing_as(self.to_issuer)]:
            return found
        if is_subject(self.to_issuer) and UpstreamIssuer.objects.filter(issuer=self.to_issuer).exists():
            return [UNSHARED]
        raise MoveRefused(
            f"No provider has the issuer {self.to_issuer!r}. Configure it first, and write it exactly like that. "
            f"Configured are: {_listed(one.issues_as for one in registry.listed())}."
        )

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of the statements with ``MOVING``."""
        subjects = self.subjects or {}
        return {
            "from_issuer": self.from_issuer,
            "to_issuer": self.to_issuer,
            "providers": self.providers,
            "has_map": self.subjects is not None,
            "old": list(subjects.keys()),
            "new": list(subjects.values()),
            "most": MOST_NAMED,
        }


@dataclass(frozen=True, kw_only=True)
class Clash:
    """An identity that cannot move, because an account has its new subject at the new issuer already."""

    subject: str
    new_subject: str
    account: UUID
    holder: UUID


@dataclass(frozen=True, kw_only=True)
class MovePlan:
    """What a move changes. ``by_provider`` counts the identities by the provider that they are connected through now.

    ``provider`` is that of those whose present one does not have the new issuer.
    ``staying`` counts identities of the old issuer that are not in the map. ``clashes`` are the first of ``clashing``.
    """

    provider: str
    identities: int
    people: int
    by_provider: Mapping[str, int]
    staying: int
    deleted_tokens: int
    deleted_refusals: int
    clashing: int
    clashes: Sequence[Clash]

    def document(self) -> dict[str, Any]:
        return asdict(self)


def make_plan(order: MoveOrder) -> MovePlan:
    """Return what a move would change. Raises MoveRefused if it is not possible, but for clashes, which it lists."""
    if order.from_issuer == order.to_issuer and order.subjects is None:
        raise MoveRefused("Both issuers are the same: then only a map changes anything.")
    given = order.given
    row = fetch_one(COUNTS, given) if is_subject(order.from_issuer) else None
    if row is None or not row[2]:
        known = [issuer for (issuer,) in fetch_all(KNOWN, [MOST_NAMED])]
        raise MoveRefused(f"No identity has the issuer {order.from_issuer!r}. They have: {_listed(known)}.")
    identities, people, all_identities, deleted_tokens, deleted_refusals, by_provider = row
    providers: dict[str, int] = json.loads(by_provider)
    _check_map(given)
    _check_owner(order, providers)
    _check_rules(given)
    clashes = fetch_all(CLASHES, given)
    return MovePlan(
        provider=order.providers[0],
        identities=identities,
        people=people,
        by_provider=providers,
        staying=all_identities - identities,
        deleted_tokens=deleted_tokens,
        deleted_refusals=deleted_refusals,
        clashing=clashes[0][-1] if clashes else 0,
        clashes=[
            Clash(subject=old, new_subject=new, account=account, holder=holder)
            for old, new, account, holder, _ in clashes
        ],
    )


def owner_of(provider: str, issuer: str) -> UUID | None:
    """Return the tenant to which an issuer belongs through a provider, or None for the site (ADR 71).

    Raises MoveRefused if neither a connection nor an upstream issuer tells.
    """
    if provider in settings.SIGN_IN_PROVIDERS:
        return None
    upstream = UpstreamIssuer.objects.filter(issuer=issuer).first() if provider == UNSHARED else None
    if (found := upstream or directory.known().get(provider)) is not None:
        return found.tenant_id
    raise MoveRefused(f"Whose {issuer!r} is, nobody can tell: the provider {provider!r} is not configured any more.")


def _check_owner(order: MoveOrder, providers: Iterable[str]) -> None:
    """Refuse to move people between owners: the new one could sign in as people that the former has connected."""
    owners = {owner_of(provider, order.from_issuer) for provider in providers}
    if len(owners | {owner_of(order.providers[0], order.to_issuer)}) > 1:
        raise MoveRefused("The two issuers belong to different owners: the site and a tenant, or two tenants.")


def _check_map(given: Mapping[str, Any]) -> None:
    """A subject that nobody has is a slip of the pen or another issuer's map."""
    unknown = fetch_all(UNKNOWN, given)
    if unknown:
        count, subjects = unknown[0][-1], [old for old, _ in unknown]
        raise MoveRefused(
            f"Old subjects that nobody has at {given['from_issuer']!r} ({count}): {_listed(subjects, count)}."
        )


def _check_rules(given: Mapping[str, Any]) -> None:
    """No sign-in at another provider would withdraw what the rules of the former one have given."""
    with site_context("a command counts memberships that claim rules gave, in all tenants"):
        found = fetch_all(BY_RULE, given)
    if found:
        provider, count = found[0]
        raise MoveRefused(
            f"Claim rules of {name_of(provider)} gave these people memberships ({count}), which no sign-in at "
            f"{name_of(given['providers'][0])} would withdraw. First change the provider of these rules, or delete "
            "them."
        )


def _listed(texts: Iterable[str], count: int = 0) -> str:
    named = [repr(text) for text in texts]
    more = f" and {count - len(named)} others" if count > len(named) else ""
    return (", ".join(named) or "none") + more
