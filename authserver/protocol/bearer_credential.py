"""The access token of a request: only the header ``Authorization: Bearer`` carries one (RFC 6750, section 2.1).

A token in the URL or in a form would end up in logs and histories, so such a request is refused (RFC 9700, 4.3.2).
"""

import re

from django.http import HttpRequest

from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.protocol.parameters import FORM, in_form, in_query

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")  # RFC 6750, section 2.1: b64token
ELSEWHERE = "access_token"  # the parameter of RFC 6750, sections 2.2 and 2.3


class BearerError(OAuthError):
    """A refused access token; ``scope`` is what it lacks. Without any credential, the response has no error code."""

    def __init__(
        self,
        code: ErrorCode,
        description: str,
        *,
        status: int = 401,
        reason: str = "",
        scope: str = "",
        is_anonymous: bool = False,
    ) -> None:
        super().__init__(code, description, status=status, reason=reason)
        self.scope, self.is_anonymous = scope, is_anonymous

    def as_json(self) -> dict[str, str]:
        return {"error_description": self.description} if self.is_anonymous else super().as_json()

    def challenge(self, realm: str) -> str:
        """Return the header WWW-Authenticate (RFC 6750, section 3). Our descriptions contain no quotation marks."""
        parts = {"realm": realm}
        if not self.is_anonymous:
            parts |= {"error": self.code.value, "error_description": self.description}
        if self.scope:
            parts["scope"] = self.scope
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items())


def credential_of(request: HttpRequest) -> str:
    """Return the access token of a request. Raises BearerError: 401 without one, 400 if it is malformed or elsewhere.

    Servers join a repeated header with commas, which no token contains.
    """
    if _is_elsewhere(request):
        raise _malformed("Send the access token in the header Authorization, and nowhere else.")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BearerError(
            ErrorCode.INVALID_TOKEN,
            "Send an access token in the header Authorization, with the scheme Bearer.",
            reason="no_credential",
            is_anonymous=True,
        )
    token = token.strip(" ")
    if not TOKEN.match(token):
        raise _malformed("The header Authorization contains no single access token.")
    return token


def _is_elsewhere(request: HttpRequest) -> bool:
    try:
        in_url = ELSEWHERE in in_query(request)
        return in_url or (request.method == "POST" and request.content_type == FORM and ELSEWHERE in in_form(request))
    except OAuthError as refused:
        raise _malformed(refused.description, status=refused.status) from refused


def _malformed(description: str, *, status: int = 400) -> BearerError:
    return BearerError(ErrorCode.INVALID_REQUEST, description, status=status)
