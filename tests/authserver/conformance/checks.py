"""The checks of the suite: of ID tokens (OpenID Connect Core, section 3.1.3.7) and of claims (section 5.1)."""

import base64
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import jwt

TYPES = {
    "sub": str,
    "name": str,
    "email": str,
    "email_verified": bool,
    "auth_time": int,
    "acr": str,
    "amr": list,
    "sid": str,
}  # of claims, by name; those that we never send are missing here and must be missing there


def id_token_claims(
    token: str, *, metadata: Mapping[str, Any], keys: Mapping[str, Any], client_id: str, access_token: str
) -> dict[str, Any]:
    """Return the claims of an ID token after every check but that of the nonce."""
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256", "it is the default (OpenID Connect Dynamic Client Registration, section 2)"
    [key] = [one for one in keys["keys"] if one["kid"] == header["kid"]]
    assert key["kty"] == "RSA"
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK.from_dict(key),
        algorithms=["RS256"],
        issuer=metadata["issuer"],
        audience=client_id,
        options={"require": ["iss", "sub", "aud", "exp", "iat"]},
    )
    assert 0 < len(claims["sub"]) <= 255
    assert claims["sub"].isascii()
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["iat"] < claims["exp"] < claims["iat"] + 86_400
    assert claims.get("azp", client_id) == client_id
    half = sha256(access_token.encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    check_types(claims)
    return claims


def check_types(claims: Mapping[str, Any]) -> None:
    """Check the types of claims: a wrong one fails a module, a missing claim does not."""
    wrong = [name for name, kind in TYPES.items() if name in claims and type(claims[name]) is not kind]
    assert wrong == []
    assert not {"address", "phone_number"} & claims.keys(), "we know neither"
    assert None not in (claims.get("name", ""), claims.get("email", ""))
