"""Access tokens: JWTs that resource servers verify offline (RFC 9068), or opaque ones that they ask us about."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from authserver import claims, resources
from authserver.claims import PersonFacts
from authserver.models import AccessToken, Client, SigningAlgorithm, TokenFamily, TokenFormat
from authserver.tokens import jwts
from authserver.tokens.digests import digest_of
from foundation import lifetimes

PREFIX = "vat_"  # of opaque access tokens, by which scanners for leaked secrets find them


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """An access token as it is sent to the client, with its scopes and its lifetime in seconds."""

    value: str
    scopes: Sequence[str]
    expires_in: int


def issue_for_client(client: Client, *, scopes: Sequence[str], wanted: Sequence[str]) -> IssuedToken:
    """Issue an access token to a client that acts in its own name. ``wanted`` are the resource servers."""
    seconds = int(lifetimes.ACCESS_TOKEN.total_seconds())
    if client.token_format == TokenFormat.OPAQUE:
        value = _opaque(client, None, scopes, wanted, seconds)
    else:
        value = _signed(client, _claims(client, str(client.pk), scopes, wanted, seconds))
    return IssuedToken(value=value, scopes=scopes, expires_in=seconds)


def issue_for_person(
    client: Client, family: TokenFamily, facts: PersonFacts, *, scopes: Sequence[str], wanted: Sequence[str]
) -> IssuedToken:
    """Issue an access token of a family. It does not outlive the family."""
    left = int((family.expires_at - timezone.now()).total_seconds())
    seconds = max(0, min(left, int(lifetimes.ACCESS_TOKEN.total_seconds())))
    if client.token_format == TokenFormat.OPAQUE:
        value = _opaque(client, family, scopes, wanted, seconds)
    else:
        value = _signed(client, person_claims(client, family, facts, scopes=scopes, wanted=wanted, seconds=seconds))
    return IssuedToken(value=value, scopes=scopes, expires_in=seconds)


def person_claims(
    client: Client,
    family: TokenFamily,
    facts: PersonFacts,
    *,
    scopes: Sequence[str],
    wanted: Sequence[str],
    seconds: int,
) -> dict[str, Any]:
    """Return the claims of a JWT access token of a person (RFC 9068, section 2.2). Ours win over the site's own."""
    about = claims.authorization_claims(facts) | authentication_claims(family) | {"family": str(family.pk)}
    return about | _claims(client, str(facts.user.pk), scopes, wanted, seconds)


def authentication_claims(family: TokenFamily) -> dict[str, Any]:
    """Return how and when the person had signed in (RFC 9068, section 2.2.1)."""
    found = {
        "auth_time": int(family.auth_time.timestamp()) if family.auth_time else None,
        "acr": family.acr,
        "amr": list(family.amr),
        "sid": family.sid,
    }
    return {name: value for name, value in found.items() if value}


def client_epoch(client: Client) -> int | None:
    """Return the client's ``not_before`` in microseconds, which its tokens carry: those of another are invalid."""
    return int(client.not_before.timestamp() * 1_000_000) if client.not_before else None


def _claims(client: Client, subject: str, scopes: Sequence[str], wanted: Sequence[str], seconds: int) -> dict[str, Any]:
    now, epoch = int(time.time()), client_epoch(client)
    said = {
        "iss": settings.PUBLIC_URL,
        "sub": subject,
        "aud": resources.audience(wanted),
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(16),
        "client_id": client.client_id,
        "scope": " ".join(scopes),
    }
    return said | ({"client_epoch": epoch} if epoch is not None else {})


def _signed(client: Client, said: dict[str, Any]) -> str:
    return jwts.sign(said, typ=jwts.ACCESS, algorithm=SigningAlgorithm(client.signing_algorithm))


def _opaque(
    client: Client, family: TokenFamily | None, scopes: Sequence[str], wanted: Sequence[str], seconds: int
) -> str:
    value = f"{PREFIX}{secrets.token_urlsafe(32)}"
    AccessToken.objects.create(
        digest=digest_of(value),
        client=client,
        family=family,
        scopes=list(scopes),
        resources=list(wanted),
        client_not_before=client.not_before,
        expires_at=timezone.now() + timedelta(seconds=seconds),
    )
    return value
