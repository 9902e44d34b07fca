"""Verifies the access tokens of Vestibule, without a web framework. Adapters are in modules of their own."""

from vestibule_verify.bearer import PlainRequest, Request
from vestibule_verify.errors import (
    AccessRefused,
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidRequest,
    InvalidToken,
    TokenMissing,
    VerifierUnavailable,
)
from vestibule_verify.guards import Guard, requires
from vestibule_verify.introspection import Introspection
from vestibule_verify.tokens import AccessToken, Actor
from vestibule_verify.verifier import Verifier

__all__ = [
    "AccessRefused",
    "AccessToken",
    "Actor",
    "Guard",
    "InsufficientScope",
    "InsufficientUserAuthentication",
    "Introspection",
    "InvalidRequest",
    "InvalidToken",
    "PlainRequest",
    "Request",
    "TokenMissing",
    "Verifier",
    "VerifierUnavailable",
    "requires",
]
