"""The registered error codes that providers return. They are safe to log, store and show.

Anything else a provider sends (``error_description``, codes of its own) is free text and is neither stored nor shown.
"""

NEEDS_THE_PERSON = frozenset(  # OpenID Connect Core, section 3.1.2.6
    {
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
        "unmet_authentication_requirements",  # OpenID Connect Core Error Code unmet_authentication_requirements 1.0
    }
)
WRONG_SET_UP = frozenset(  # RFC 6749, sections 4.1.2.1 and 5.2; Core 3.1.2.6; RFC 8707; RFC 9449
    {
        "invalid_client",
        "invalid_dpop_proof",
        "invalid_request",
        "invalid_request_object",
        "invalid_request_uri",
        "invalid_scope",
        "invalid_target",
        "registration_not_supported",
        "request_not_supported",
        "request_uri_not_supported",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_token_type",
        "use_dpop_nonce",
    }
)
TEMPORARY = frozenset({"server_error", "slow_down", "temporarily_unavailable"})  # problems of the provider that pass
REGISTERED = NEEDS_THE_PERSON | WRONG_SET_UP | TEMPORARY | {"access_denied", "invalid_grant", "invalid_token"}
# GitHub has its own codes: https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps
GITHUBS = {
    "application_suspended": "unauthorized_client",
    "bad_refresh_token": "invalid_grant",
    "bad_verification_code": "invalid_grant",
    "incorrect_client_credentials": "invalid_client",
    "redirect_uri_mismatch": "invalid_request",
    "unverified_user_email": "interaction_required",
}


def registered(error: object) -> str:
    """Return a registered error code, or "". GitHub's own codes are mapped to the registered ones that they mean."""
    if not isinstance(error, str):
        return ""
    name = GITHUBS.get(error, error)
    return name if name in REGISTERED else ""
