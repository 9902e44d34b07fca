"""The variables of the auth server. ``OIDC_SIGNING_KEYS`` has private keys in PEM, or paths of files with them."""

import re
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from authserver.keys import private_keys

# Certificates, and the parameters that openssl writes before a key, are not keys.
PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


def split(value: object) -> object:
    """Return the keys of a text, in their order. Raises ValueError for a file that cannot be read or has no key."""
    if not isinstance(value, str):
        return value
    text = value.replace("\\n", "\n").strip()  # environment files often hold one line
    if "-----BEGIN" in text:
        return _keys(text, "it")
    return [key for path in text.split(",") if path.strip() for key in _keys(_content(path.strip()), path.strip())]


def check(keys: list[SecretStr]) -> list[SecretStr]:
    """Raise ValueError if a key cannot sign, is named twice, or if none is for what apps expect by default."""
    found, seen = [], set()
    for number, key in enumerate(keys, start=1):
        try:
            private = private_keys.read(key.get_secret_value())
        except private_keys.KeyRefused as refused:
            raise ValueError(f"key {number} {refused}") from None
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if public in seen:
            raise ValueError(f"key {number} is there twice")
        seen.add(public)
        found.append(private)
    if keys and not any(isinstance(private, RSAPrivateKey) for private in found):
        raise ValueError("has no RSA key: apps expect signatures with RS256 unless they are registered for others")
    return keys


def _content(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, ValueError) as failure:
        raise ValueError(f"{path} cannot be read") from failure


def _keys(text: str, name: str) -> list[str]:
    found = [match.group() for match in PEM.finditer(text)]
    if not found:
        raise ValueError(f"{name} has no private key in PEM")
    return found


SigningKeys = Annotated[
    list[SecretStr],
    BeforeValidator(split),
    AfterValidator(check),
    Field(description="private keys in PEM or their paths; the first signs; default keys in the database"),
]
ReuseWindow = Annotated[
    int,
    Field(ge=0, le=600, description="seconds in which a repeated refresh token gets the same answer; 0: none"),
]
