"""Signing keys in the database, encrypted for their row."""

from datetime import datetime

from authserver.keys.pairs import KeyPair, read_pem
from authserver.models.signing_key import TokenSigningKey
from foundation.encryption import decrypt, encrypt

PURPOSE = "signing_key"


def row_of(pair: KeyPair, *, created_at: datetime, active_at: datetime) -> TokenSigningKey:
    """Return the row that stores a key pair. The caller saves it."""
    return TokenSigningKey(
        kid=pair.kid,
        algorithm=pair.algorithm,
        private_key=encrypt(pair.pem, owner=pair.kid, purpose=PURPOSE),
        public_jwk=pair.public_jwk,
        created_at=created_at,
        active_at=active_at,
    )


def pair_of(row: TokenSigningKey) -> KeyPair:
    """Return the key pair of a row. Raises DecryptionFailed, KeyLost, KeyRefused."""
    return read_pem(decrypt(row.private_key, owner=row.kid, purpose=PURPOSE))
