"""Families of refresh tokens: begun by an authorization, rotated at each refresh, revoked at a reuse (ADR 50).

A rotation is one statement. It counts the generation up only if the token is of the current one, so of any number of
simultaneous requests one rotates, and a crash leaves the family either before or after it.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.utils import timezone

from audit.context import current as audit_context
from audit.events import record
from authserver import events
from authserver.models import Client, RefreshPolicy, TokenFamily
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.tokens import revocation
from authserver.tokens.refresh_tokens import RefreshToken, read
from foundation import lifetimes
from foundation.derived_tokens import current_key
from foundation.rows import Rows, fetch_one

FAMILY = Rows(TokenFamily, "f")
STANDS = """
    f.revoked_at IS NULL AND f.expires_at > statement_timestamp()
    AND EXISTS (
        SELECT 1 FROM accounts_user u
        WHERE u.id = f.user_id AND u.is_active AND u.not_before IS NOT DISTINCT FROM f.not_before
    )
    AND f.client_not_before IS NOT DISTINCT FROM %(client_not_before)s
    AND NOT EXISTS (
        SELECT 1 FROM authserver_consent a WHERE a.id = f.consent_id AND a.withdrawn_at IS NOT NULL
    )
"""
ROTATE = """
    UPDATE authserver_tokenfamily f SET
        generation = f.generation + 1, rotated_before = f.rotated_at, rotated_at = statement_timestamp(),
        key_id = %(key_id)s
    WHERE f.id = %(family)s AND f.client_id = %(client)s AND f.generation = %(generation)s AND f.is_refreshable
        AND f.rotated_at > statement_timestamp() - %(unused)s AND {stands}
    RETURNING {columns}
"""
FIND = """
    SELECT {stands}, {columns} FROM authserver_tokenfamily f
    WHERE f.id = %(family)s AND f.client_id = %(client)s AND f.is_refreshable FOR UPDATE OF f
"""
REPEAT = """
    UPDATE authserver_tokenfamily SET repeats = repeats + 1, repeat_networks = ARRAY(
        SELECT DISTINCT n FROM unnest(repeat_networks || %(network)s::varchar) n ORDER BY n LIMIT 20
    ) WHERE id = %(family)s RETURNING repeats, repeat_networks
"""


class RefreshVerdict(Enum):
    """What a refresh token is worth that is not the current one of its family."""

    REFUSE = auto()  # it is over, or was replaced a moment ago: nothing else happens
    REPEAT = auto()  # the answer was lost, or came twice: the same successor is given again
    REVOKE = auto()  # somebody has a copy


def begin(family: TokenFamily, *, is_refreshable: bool) -> None:
    """Store a new family; its first refresh token, if it gets one, is of generation 0."""
    now = timezone.now()
    lasts = lifetimes.REFRESH_FAMILY if is_refreshable else lifetimes.ACCESS_TOKEN
    family.is_refreshable, family.key_id = is_refreshable, current_key() if is_refreshable else ""
    family.created_at, family.rotated_at, family.expires_at = now, now, now + lasts
    family.save(force_insert=True)


def token_of(family: TokenFamily) -> str:
    """Return the current refresh token of a family. Raises DerivingKeyLost."""
    return RefreshToken(family=family.pk, generation=family.generation).text(family.key_id)


def rotate(client: Client, text: str) -> TokenFamily | OAuthError:
    """Use up a refresh token and return its family, whose ``token_of`` is the successor, or the refusal.

    The refusal is returned, because the caller's transaction has to be committed: a reuse has revoked the family in it.
    """
    token = read(text)
    if token is None:
        return _refused("unknown")
    given: dict[str, Any] = {
        "family": token.family,
        "client": client.pk,
        "client_not_before": client.not_before,
        "generation": token.generation,
        "key_id": current_key(),
        "unused": lifetimes.REFRESH_UNUSED,
    }
    row = fetch_one(ROTATE.format(stands=STANDS, columns=FAMILY.columns), given)
    return FAMILY.read(row) if row else _not_current(client, token, given)


def _not_current(client: Client, token: RefreshToken, given: dict[str, Any]) -> TokenFamily | OAuthError:
    row = fetch_one(FIND.format(stands=STANDS, columns=FAMILY.columns), given)
    if row is None or not row[0]:
        return _refused("over")
    family = FAMILY.read(row[1:])
    verdict = judge(client, family, token)
    if verdict is RefreshVerdict.REPEAT:
        _count_repeat(client, family)
        return family
    if verdict is RefreshVerdict.REFUSE:
        return _refused("replaced")
    revocation.revoke_family(family, reason="reused")
    record(
        events.TOKENS_REUSED,
        person=family.user_id,
        object=client,
        app=client.client_id,
        reason="refresh_reused",
        family=str(family.pk),
    )
    return _refused("reused")


def judge(client: Client, family: TokenFamily, token: RefreshToken) -> RefreshVerdict:
    """Decide what becomes of a token that is not the current one of its family, which is locked and stands."""
    behind = family.generation - token.generation
    if behind < 1:  # a generation that does not exist yet, or the current one after its time
        return RefreshVerdict.REFUSE
    was_used_at = family.rotated_at if behind == 1 else family.rotated_before
    tolerated = window(client)
    is_recent = bool(tolerated and was_used_at and timezone.now() - was_used_at <= tolerated)
    if behind == 1 and (is_recent or client.refresh_policy == RefreshPolicy.AGENT):
        return RefreshVerdict.REPEAT
    return RefreshVerdict.REFUSE if is_recent else RefreshVerdict.REVOKE


def window(client: Client) -> timedelta | None:
    """Return for how long after its use a refresh token may be used again without consequence, if at all."""
    if client.refresh_policy == RefreshPolicy.STRICT:
        return None
    if client.refresh_policy == RefreshPolicy.AGENT:
        return max(lifetimes.ACCESS_TOKEN, settings.REFRESH_REUSE_WINDOW)
    return settings.REFRESH_REUSE_WINDOW or None


def _count_repeat(client: Client, family: TokenFamily) -> None:
    """Count an answer that is given again, with its network. Of an agent, a second network is worth an incident."""
    network = _network(audit_context().ip_address)
    before: Sequence[str] = family.repeat_networks
    row = fetch_one(REPEAT, {"family": family.pk, "network": network})
    family.repeats, family.repeat_networks = row or (family.repeats, family.repeat_networks)
    if client.refresh_policy == RefreshPolicy.AGENT and len(before) == 1 and len(family.repeat_networks) == 2:
        record(
            events.TOKENS_REPEATED,
            person=family.user_id,
            object=client,
            app=client.client_id,
            family=str(family.pk),
            personal={"networks": list(family.repeat_networks)},
        )


def _network(ip: str | None) -> str:
    """Return the network of an address: its /24, or for IPv6 its /48."""
    if not ip:
        return "unknown"
    address = ip_address(ip)
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _refused(reason: str) -> OAuthError:
    return OAuthError(
        ErrorCode.INVALID_GRANT, "The refresh token is unknown, expired, used or revoked.", reason=f"refresh_{reason}"
    )
