"""The errors that providers name, as far as they are registered: names that are safe to log, to keep and to show.

What else a provider writes (``error_description``, names of its own) is its text, and is neither kept nor shown.
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
TROUBLE = frozenset({"server_error", "slow_down", "temporarily_unavailable"})  # the provider's own, and it passes
REGISTERED = NEEDS_THE_PERSON | WRONG_SET_UP | TROUBLE | {"access_denied", "invalid_grant", "invalid_token"}
# GitHub has names of its own: https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps
GITHUBS = {
    "application_suspended": "unauthorized_client",
    "bad_refresh_token": "invalid_grant",
    "bad_verification_code": "invalid_grant",
    "incorrect_client_credentials": "invalid_client",
    "redirect_uri_mismatch": "invalid_request",
    "unverified_user_email": "interaction_required",
}


def registered(error: object) -> str:
    """Return an error's name if it is registered (or GitHub's own, by the registered one that it means), else ""."""
    if not isinstance(error, str):
        return ""
    name = GITHUBS.get(error, error)
    return name if name in REGISTERED else ""
