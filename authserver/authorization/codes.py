"""Authorization codes: 256 random bits that work once, within a minute, for one client (RFC 6749, section 4.1)."""

import base64
import hmac
import re
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from authserver.models import AuthorizationCode, Client, TokenFamily
from authserver.models.authorization import Authorized
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.tokens import incidents, revocation
from authserver.tokens.digests import digest_of
from authserver.tokens.validity import IS_AUTHORIZED
from foundation import lifetimes
from foundation.rows import Rows, fetch_one

CODE = Rows(AuthorizationCode, "f")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")  # RFC 7636, section 4.1
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # the base64url of a SHA-256
REDEEM = """
    UPDATE authserver_authorizationcode f SET used_at = statement_timestamp(), family_id = %(family)s
    WHERE f.digest = %(digest)s AND f.client_id = %(client)s AND f.used_at IS NULL
        AND f.created_at BETWEEN statement_timestamp() - %(lifetime)s AND statement_timestamp() AND {is_authorized}
    RETURNING {columns}
"""
COPIED = (
    "client_id", "user_id", "consent_id", "tenant_id", "pinned_tenant", "scopes", "resources", "claims", "nonce",
    "auth_time", "acr", "amr", "sid", "session_key", "not_before", "client_not_before",
)  # fmt: skip


def issue(code: AuthorizationCode) -> str:
    """Store a new code and return its text, which only the client learns.

    It is valid by ``created_at``, which the database sets; ``expires_at`` is for the purge.
    """
    text = secrets.token_urlsafe(32)
    code.digest = digest_of(text)
    code.expires_at = timezone.now() + lifetimes.AUTHORIZATION_CODE
    code.save(force_insert=True)
    return text


def redeem(client: Client, text: str, *, redirect_uri: str, verifier: str) -> TokenFamily | OAuthError:
    """Use up a code and return the family that it begins, not stored yet, or the refusal.

    A wrong verifier or redirect URI uses the code up too. A second use revokes what the first has issued (RFC 9700,
    section 2.1.1), so the caller commits its transaction in any case.
    """
    family_id = uuid4()
    given: dict[str, Any] = {
        "family": family_id,
        "digest": digest_of(text),
        "client": client.pk,
        "client_not_before": client.not_before,
        "lifetime": lifetimes.AUTHORIZATION_CODE,
    }
    row = fetch_one(REDEEM.format(is_authorized=IS_AUTHORIZED, columns=CODE.columns), given)
    if row is None:
        return _not_redeemed(client, text)
    code = CODE.read(row)
    if code.redirect_uri != redirect_uri:
        return _refused("redirect_uri_wrong")
    if not _is_proven(code, verifier):
        return _refused("verifier_wrong")
    assert code.used_at is not None  # noqa: S101  # it was used a moment ago
    return begun_by(code, family_id, at=code.used_at)


def _not_redeemed(client: Client, text: str) -> OAuthError:
    code = AuthorizationCode.objects.filter(digest=digest_of(text), client=client).first()
    if code is None or code.used_at is None:
        return _refused("code_unknown" if code is None else "code_over")
    family = TokenFamily.objects.filter(pk__in=[code.family_id]).first()
    if family and revocation.revoke_family(family, reason="code_reused"):
        incidents.record_reuse(client, family, reason="code_reused", behind=family.generation)
    return _refused("code_reused")


def _is_proven(code: AuthorizationCode, verifier: str) -> bool:
    """Whether the verifier fits the challenge (RFC 7636, section 4.6). Without a challenge there must be none."""
    if not code.code_challenge:
        return not verifier
    if not VERIFIER.match(verifier):
        return False
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(challenge, code.code_challenge)


def begun_by(code: Authorized, family_id: UUID, *, at: datetime) -> TokenFamily:
    """Return the family that an authorization begins when its code is used. It is not stored yet."""
    return TokenFamily(id=family_id, created_at=at, **{name: getattr(code, name) for name in COPIED})


def _refused(reason: str) -> OAuthError:
    return OAuthError(
        ErrorCode.INVALID_GRANT, "The code is unknown, expired, used, or was issued for another request.", reason=reason
    )
