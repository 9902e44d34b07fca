"""The errors of the protocol, with the codes that the RFCs register."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Registered error codes (RFC 6749, 4.1.2.1 and 5.2; RFC 6750, 3.1; RFC 8628, 3.5; RFC 8707, 2; OIDC Core;
    OpenID Connect Core Error Code unmet_authentication_requirements 1.0).
    """

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    INVALID_TOKEN = "invalid_token"  # noqa: S105  # a code
    INSUFFICIENT_SCOPE = "insufficient_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # noqa: S105  # a code
    ACCESS_DENIED = "access_denied"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    LOGIN_REQUIRED = "login_required"
    CONSENT_REQUIRED = "consent_required"
    INTERACTION_REQUIRED = "interaction_required"
    ACCOUNT_SELECTION_REQUIRED = "account_selection_required"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105  # a code


class OAuthError(Exception):
    """A request that is refused. ``description`` is for developers; it never repeats what the request contained.

    ``reason`` says for the trail and the log what exactly was wrong; a client does not learn it. ``retry_after`` is
    the number of seconds after which the request may succeed, or 0.
    """

    def __init__(
        self, code: ErrorCode, description: str, *, status: int = 400, reason: str = "", retry_after: int = 0
    ) -> None:
        super().__init__(code.value)
        self.code, self.description, self.status, self.reason = code, description, status, reason or code.value
        self.retry_after = retry_after

    def as_json(self) -> dict[str, str]:
        return {"error": self.code.value, "error_description": self.description}
