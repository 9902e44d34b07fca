"""Families of refresh tokens: begun by an authorization, rotated at each refresh, revoked at a reuse (ADR 50).

A rotation is one statement. It counts the generation up only if the token is of the current one, so of any number of
simultaneous requests one rotates, and a crash leaves the family either before or after it.
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings

from audit.context import current as audit_context
from authserver.models import Client, RefreshPolicy, TokenFamily
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.tokens import incidents, revocation
from authserver.tokens.refresh_tokens import RefreshToken, read
from authserver.tokens.validity import CAN_REFRESH, FAMILY
from foundation import lifetimes
from foundation.derived_tokens import current_key, is_known
from foundation.rows import fetch_one

ROTATE = f"""
    UPDATE authserver_tokenfamily f SET
        generation = f.generation + 1, rotated_at = statement_timestamp(), key_id = %(key_id)s,
        uses = (statement_timestamp() || f.uses)[1:%(remembered)s],
        seen_ip = %(seen_ip)s, seen_user_agent = %(seen_user_agent)s
    WHERE f.id = %(family)s AND f.client_id = %(client)s AND f.generation = %(generation)s AND {CAN_REFRESH}
    RETURNING {FAMILY.columns}
"""
FIND = f"""
    SELECT statement_timestamp(), {CAN_REFRESH}, {FAMILY.columns} FROM authserver_tokenfamily f
    WHERE f.id = %(family)s AND f.client_id = %(client)s FOR UPDATE OF f
"""
REPEAT = """
    UPDATE authserver_tokenfamily SET repeats = repeats + 1, repeat_networks = ARRAY(
        SELECT DISTINCT n FROM unnest(repeat_networks || %(networks)s::varchar[]) n ORDER BY n LIMIT 20
    ) WHERE id = %(family)s RETURNING repeats, repeat_networks
"""


class RefreshVerdict(Enum):
    """What a refresh token is worth that is not the current one of its family."""

    REFUSE = auto()  # it is over, or was replaced a moment ago: nothing else happens
    REPEAT = auto()  # the answer was lost, or came twice: the same successor is given again
    REVOKE = auto()  # somebody has a copy


def begin(family: TokenFamily, *, is_refreshable: bool) -> None:
    """Store a new family; its first refresh token, if it gets one, is of generation 0.

    Its ``created_at`` is when it was authorized, by the database's clock, as all of its times are.
    """
    lasts = lifetimes.REFRESH_FAMILY if is_refreshable else lifetimes.ACCESS_TOKEN
    family.is_refreshable, family.key_id = is_refreshable, current_key() if is_refreshable else ""
    family.rotated_at, family.expires_at = family.created_at, family.created_at + lasts
    family.seen_ip, family.seen_user_agent = audit_context().ip_address, audit_context().user_agent or ""
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
        "remembered": TokenFamily.REMEMBERED_USES,
        "seen_ip": audit_context().ip_address,
        "seen_user_agent": audit_context().user_agent or "",
    }
    row = fetch_one(ROTATE, given)
    return FAMILY.read(row) if row else _not_current(client, token, given)


def _not_current(client: Client, token: RefreshToken, given: dict[str, Any]) -> TokenFamily | OAuthError:
    row = fetch_one(FIND, given)
    if row is None or not row[1]:
        return _refused("over")
    family = FAMILY.read(row[2:])
    verdict = judge(client, family, token, now=row[0])
    if verdict is RefreshVerdict.REVOKE:
        revocation.revoke_family(family, reason="reused")
        incidents.record_reuse(client, family, reason="refresh_reused", behind=family.generation - token.generation)
        return _refused("reused")
    if verdict is RefreshVerdict.REFUSE or not is_known(family.key_id):
        return _refused("replaced")
    _count_repeat(client, family)
    return family


def judge(client: Client, family: TokenFamily, token: RefreshToken, *, now: datetime) -> RefreshVerdict:
    """Decide what becomes of a token that is not the current one of its family, which is locked and can be refreshed.

    ``now`` is the database's time. A use in the future was dated by a clock that was ahead, and is not recent.
    """
    behind = family.generation - token.generation
    if behind < 1:  # it does not exist yet, as after the database was restored from a copy
        return RefreshVerdict.REFUSE
    was_used_at = family.uses[behind - 1] if behind <= len(family.uses) else None
    tolerated = window(client)
    is_recent = bool(tolerated and was_used_at and abs(now - was_used_at) <= tolerated)
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
    """Count an answer that is given again. If an agent's second network gets it, that is worth an incident.

    The network that got the answer first counts too: a thief who only ever follows the agent is seen by that.
    """
    networks = [incidents.network_of(ip) for ip in (family.seen_ip, audit_context().ip_address)]
    before = len(family.repeat_networks)
    row = fetch_one(REPEAT, {"family": family.pk, "networks": networks})
    family.repeats, family.repeat_networks = row or (family.repeats, family.repeat_networks)
    if client.refresh_policy == RefreshPolicy.AGENT and before < 2 <= len(family.repeat_networks):
        incidents.record_second_network(client, family)


def _refused(reason: str) -> OAuthError:
    return OAuthError(
        ErrorCode.INVALID_GRANT, "The refresh token is unknown, expired, used or revoked.", reason=f"refresh_{reason}"
    )
