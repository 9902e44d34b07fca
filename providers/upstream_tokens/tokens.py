"""The one function that the API calls for an upstream token: whose it is, and what it may do now."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from jwt.utils import base64url_decode

from accounts.models import User
from foundation.clocks import LEEWAY
from foundation.rows import release_connection
from providers.identity import is_subject
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import one_deadline
from providers.upstream_tokens import people
from providers.upstream_tokens.issuers import issuer_of
from providers.upstream_tokens.people import FoundPerson
from providers.upstream_tokens.refusals import UpstreamTokenRefusal, UpstreamTokenRefused
from providers.upstream_tokens.scopes import mapped_scopes
from providers.upstream_tokens.verification import verified_claims

LONGEST_TOKEN = 16_384  # characters
LONGEST_CHECK = 5.0  # seconds, if the issuer's keys have to be fetched
CURRENT_FOR = 1.0  # seconds for which what was read of a person is used
LAST_MOMENT = 253_402_300_799  # seconds since the epoch: the end of the year 9999, the last that datetime supports


@dataclass(frozen=True, kw_only=True)
class UpstreamToken:
    """A verified access token of another issuer, and what it may do here now.

    ``scopes`` are ours: those that the issuer's stand for, and that the person may use now in ``tenant_id``.
    ``tenant_id`` is None for a person who works in no tenant. ``auth_time``, ``acr`` and ``amr`` are what the issuer
    says about the authentication: None, "" and empty if it says nothing.
    """

    user: User
    issuer: str
    subject: str
    scopes: frozenset[str]
    tenant_id: UUID | None
    issued_at: datetime
    expires_at: datetime
    auth_time: datetime | None
    acr: str
    amr: tuple[str, ...]


def check(token: str) -> UpstreamToken:
    """Verify an access token of a configured issuer, and return whose it is, in any context.

    A person without an account gets one if the issuer's configuration says so. For a known person nothing is written,
    and one statement reads the configuration and the person; it is repeated only if the issuer had to be asked for its
    keys. Outside a transaction, no database connection is held meanwhile. Raises UpstreamTokenRefused.
    """
    issuer, subject = _named(token)
    try:
        found = people.find(issuer, subject)
        began = time.monotonic()
        claims = _verified(token, found)
    except SignInRefused as refused:
        raise UpstreamTokenRefused.of(refused) from refused
    if found.person is None:
        people.open_account(found.configured, claims)
    if found.person is None or time.monotonic() - began > CURRENT_FOR:
        found = people.find(issuer, subject)
    return _token_of(found, claims)


def issuer_named(token: str) -> str | None:
    """Return the issuer that a JWT names, without verifying anything, or None if it names none."""
    try:
        return _named(token)[0]
    except UpstreamTokenRefused:
        return None


def _named(token: str) -> tuple[str, str]:
    """Return the issuer and subject of a JWT that is not verified yet, from the very bytes that are verified later."""
    parts = token.split(".") if len(token) <= LONGEST_TOKEN and token.isascii() else []
    try:
        claims = json.loads(base64url_decode(parts[1])) if len(parts) == 3 else None
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise UpstreamTokenRefused(RefusalReason.TOKEN_MALFORMED, f"no JWT of at most {LONGEST_TOKEN} characters")
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not is_subject(issuer):
        raise UpstreamTokenRefused(RefusalReason.ISSUER_WRONG, "iss is not a text of 1 to 255 characters")
    if not isinstance(subject, str) or not is_subject(subject):
        raise UpstreamTokenRefused(RefusalReason.SUBJECT_INVALID, "sub is not a text of 1 to 255 characters")
    return issuer, subject


def _verified(token: str, found: FoundPerson) -> dict[str, Any]:
    issuer = issuer_of(found.configured)
    if not issuer.has_fresh_keys:
        release_connection()
    with one_deadline(LONGEST_CHECK):
        return verified_claims(token, found.configured, issuer)


def _token_of(found: FoundPerson, claims: Mapping[str, Any]) -> UpstreamToken:
    person, issued_at = found.person, _moment(claims["iat"])
    if person is None:
        raise UpstreamTokenRefused(UpstreamTokenRefusal.PERSON_UNKNOWN, "the account was deleted meanwhile")
    _check_person(person, found, issued_at)
    scopes = mapped_scopes(found.configured, claims)
    acr, amr = claims.get("acr"), claims.get("amr")
    return UpstreamToken(
        user=person,
        issuer=claims["iss"],
        subject=claims["sub"],
        scopes=scopes if found.scopes is None else scopes & found.scopes,
        tenant_id=found.tenant_id,
        issued_at=issued_at,
        expires_at=_moment(claims["exp"]),
        auth_time=_moment(claims["auth_time"]) if "auth_time" in claims else None,
        acr=acr if isinstance(acr, str) else "",
        amr=tuple(word for word in amr if isinstance(word, str)) if isinstance(amr, list) else (),
    )


def _check_person(person: User, found: FoundPerson, issued_at: datetime) -> None:
    """Refuse a token of a person who may not use it now. Raises UpstreamTokenRefused.

    The issuer does not know of a cut-off here, so the time decides: a token that may be older than the cut-off does
    not count. ``iat`` is by the issuer's clock, which may be ahead of ours by the leeway that its tokens are given.
    """
    if not person.is_active:
        raise UpstreamTokenRefused(UpstreamTokenRefusal.PERSON_INACTIVE, "the account is deactivated", person=person.pk)
    if person.not_before is not None and issued_at <= person.not_before + LEEWAY:
        raise UpstreamTokenRefused(
            UpstreamTokenRefusal.CUT_OFF, "it may have been issued before the cut-off", person=person.pk
        )
    if not found.is_member:
        raise UpstreamTokenRefused(
            UpstreamTokenRefusal.NOT_A_MEMBER, "the person does not belong to the issuer's tenant", person=person.pk
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(seconds, LAST_MOMENT), UTC)
