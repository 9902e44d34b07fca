"""Refusals of requests, each with its status and its challenge (RFC 6750, section 3; RFC 9470; RFC 9728, section 5.1).

No text here contains a token or a part of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

RETRY_AFTER = 5  # seconds


@dataclass(frozen=True, kw_only=True)
class Realm:
    """What a challenge says about the back end: its name, and the URL of its metadata (RFC 9728)."""

    name: str
    resource_metadata: str


class AccessRefused(Exception):
    """A request that does not get in. Its text is meant for the caller.

    ``reason`` is for logs: a word such as ``expired``. ``parameters`` are added to the challenge.
    """

    status: ClassVar[int] = 401
    code: ClassVar[str] = ""

    def __init__(self, description: str, *, realm: Realm, reason: str = "", **parameters: str) -> None:
        super().__init__(description)
        self.description, self.realm, self.reason = description, realm, reason
        self.parameters: dict[str, str] = parameters

    @property
    def challenge(self) -> str:
        """The header ``WWW-Authenticate``. No part contains a quotation mark or a backslash."""
        parts = {"realm": self.realm.name}
        if self.code:
            parts |= {"error": self.code, "error_description": self.description}
        parts |= {**self.parameters, "resource_metadata": self.realm.resource_metadata}
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items())

    @property
    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": self.challenge, "Cache-Control": "no-store"}

    def as_json(self) -> dict[str, str]:
        return {**({"error": self.code} if self.code else {}), "error_description": self.description}


class InvalidRequest(AccessRefused):
    """The token is malformed, or not in the one place where it may be."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_request"


class TokenMissing(AccessRefused):
    """There is no token. The challenge has no error code (RFC 6750, section 3.1)."""


class InvalidToken(AccessRefused):
    """The token is unknown, expired, revoked, or not for this back end. ``reason`` says which."""

    code: ClassVar[str] = "invalid_token"


class InsufficientScope(AccessRefused):
    """The token is good, and allows less than is needed. The description says what is missing."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "insufficient_scope"


class InsufficientUserAuthentication(AccessRefused):
    """The person has to sign in again, or with a second factor (RFC 9470)."""

    code: ClassVar[str] = "insufficient_user_authentication"


class VerifierUnavailable(AccessRefused):
    """Vestibule cannot be reached, so that nothing is known about the token."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "temporarily_unavailable"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"}


class Unacceptable(Exception):
    """Inside this package: a token does not count; the text says why in a word."""


class Unavailable(Exception):
    """Inside this package: an answer of Vestibule is missing or unusable."""
