"""Private keys in PEM: read, and refused if they cannot sign our tokens.

This module knows neither Django nor our tables, because the reader of the environment uses it.
"""

from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

RSA_BITS = 2048  # the least that is allowed (RFC 7518, section 3.3): signatures cost four times as much with twice that


class KeyRefused(ValueError):
    """A key that cannot sign our tokens; the text says why and never contains the key."""


def read(pem: str) -> PrivateKey:
    """Read a private key without a password. Raises KeyRefused."""
    private = _load(pem)
    if isinstance(private, RSAPrivateKey) and private.key_size < RSA_BITS:
        raise KeyRefused(f"is an RSA key of {private.key_size} bits; {RSA_BITS} are the least (RFC 7518, section 3.3)")
    if isinstance(private, EllipticCurvePrivateKey) and not isinstance(private.curve, SECP256R1):
        raise KeyRefused(f"is on the curve {private.curve.name}; only P-256 and Ed25519 are supported")
    if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise KeyRefused("is neither RSA nor P-256 nor Ed25519")
    return private


def _load(pem: str) -> object:
    try:
        return load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise KeyRefused("has a password; store it without one") from None
    except UnsupportedAlgorithm:
        raise KeyRefused("is of a kind that is not supported; use RSA, P-256 or Ed25519") from None
    except ValueError:
        raise KeyRefused("is not a private key in PEM that can be read") from None
