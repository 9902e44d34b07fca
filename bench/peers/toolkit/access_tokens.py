"""The peer's access tokens: the toolkit has no JWTs of its own, but a setting for the function that makes them."""

import functools
import os
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.tokens.agreed import AUDIENCE

SECONDS = 600  # of validity


def signed(request: Any) -> str:
    """Return a JWT by RFC 9068 for oauthlib's request, signed with a key that is parsed once."""
    now = int(time.time())
    client = request.client.client_id
    claims = {
        "iss": os.environ["ISSUER"],
        "aud": AUDIENCE,
        "sub": str(request.user.pk) if request.user else client,
        "client_id": client,
        "scope": " ".join(request.scopes),
        "iat": now,
        "exp": now + SECONDS,
        "jti": str(uuid.uuid4()),
    }
    key, key_id = _key()
    return jwt.encode(claims, key, "RS256", headers={"typ": "at+jwt", "kid": key_id})


@functools.cache
def _key() -> tuple[RSAPrivateKey, str]:
    """Return the key, and the name that the toolkit's key set gives it."""
    from oauth2_provider.utils import jwk_from_pem  # type: ignore[import-not-found]  # noqa: PLC0415  # not in our locks

    text = os.environ["SIGNING_KEY"]
    key = load_pem_private_key(text.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101  # the target made it
    return key, jwk_from_pem(text).thumbprint()
