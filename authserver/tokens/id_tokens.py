"""ID tokens: what a client learns about a sign-in (OpenID Connect Core, section 2)."""

import base64
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from django.conf import settings

from authserver.claims import PersonFacts, identity_claims, still_asked
from authserver.models import Client, SigningAlgorithm, TokenFamily
from authserver.tokens import jwts
from authserver.tokens.access import authentication_claims
from foundation import lifetimes


def issue(client: Client, family: TokenFamily, facts: PersonFacts, *, scopes: Sequence[str], access_token: str) -> str:
    """Issue an ID token for an authorization, with the claims that its scopes release.

    ``at_hash`` is optional in this flow. It is left out with Ed25519: libraries disagree about its hash, and refuse
    one that they do not know.
    """
    algorithm = SigningAlgorithm(client.signing_algorithm)
    said = claims_of(client, family, facts, scopes=scopes)
    if algorithm is not SigningAlgorithm.ED25519:
        said["at_hash"] = at_hash(access_token)
    return jwts.sign(said, typ=jwts.ID, algorithm=algorithm)


def claims_of(client: Client, family: TokenFamily, facts: PersonFacts, *, scopes: Sequence[str]) -> dict[str, Any]:
    """Return the claims of an ID token. Those of the protocol win over everything else."""
    now = int(time.time())
    said: dict[str, Any] = {
        "iss": settings.PUBLIC_URL,
        "sub": str(facts.user.pk),
        "aud": client.client_id,
        "iat": now,
        "exp": now + int(lifetimes.ID_TOKEN.total_seconds()),
    }
    said |= {"nonce": family.nonce} if family.nonce else {}
    asked = still_asked(client, family.claims.get("id_token", ()))
    return identity_claims(facts, scopes, asked) | authentication_claims(family) | said


def at_hash(access_token: str) -> str:
    """Return the left half of the token's SHA-256, the hash of RS256 and ES256 (OpenID Connect Core, 3.1.3.6)."""
    digest = sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
