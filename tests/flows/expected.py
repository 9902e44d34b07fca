"""How each fault of the sandbox's catalogue must end: the one table that the fault test reads."""

import re

from providers.refusal import Reason

# First match wins. A sign-in may fail for many causes: this keeps a case from passing for a wrong one.
REASONS: dict[str, Reason] = {
    "authorize_denied": Reason.CANCELLED,
    "authorize_(server_error|laden_.*|says_.*)": Reason.PROVIDER_REFUSED,
    "authorize_state_missing": Reason.STATE_MISSING,
    "authorize_state_.*": Reason.STATE_MALFORMED,
    "authorize_code_other": Reason.CODE_REFUSED,  # only the token endpoint can tell
    "authorize_code_.*": Reason.CALLBACK_MALFORMED,
    "authorize_callback_other": Reason.STATE_OF_ANOTHER_PROVIDER,
    "authorize_iss_.*": Reason.CALLBACK_ISSUER_WRONG,
    "token_(no_id_token|id_token_null)": Reason.TOKEN_MISSING,
    "token_id_token_.*": Reason.TOKEN_MALFORMED,
    "discovery_(issuer_.*|file|ftp|javascript|no_.*|numbers)": Reason.METADATA_INVALID,
    "jwks_keys_text": Reason.METADATA_INVALID,
    "jwks_(only_encryption|no_keys)": Reason.KEY_UNKNOWN,
    "userinfo_id_.*": Reason.SUBJECT_INVALID,
    "auth_time_huge": Reason.TOKEN_MALFORMED,
    "userinfo_sub_.*": Reason.USERINFO_OF_ANOTHER,
    "userinfo_signed_forged": Reason.SIGNATURE_WRONG,
    "discovery_auth_neither": Reason.METADATA_INVALID,
    "token_400_busy": Reason.PROVIDER_ANSWER_INVALID,
    "token_(401|400_.*)": Reason.CLIENT_REFUSED,
    "token_(400|error_200)": Reason.CODE_REFUSED,
    ".*_(truncated|huge|gzip_bomb|header_flood)": Reason.PROVIDER_ANSWER_INVALID,  # an answer, and of no use
    ".*_reset": Reason.PROVIDER_UNREACHABLE,
    ".*_(hang|drip_.*|endless_100)": Reason.PROVIDER_UNREACHABLE,
    "(token|discovery|jwks|github_user)_.*": Reason.PROVIDER_ANSWER_INVALID,
    "access_token_number": Reason.PROVIDER_ANSWER_INVALID,
    "logout_(alg_none|hs256|other_alg)": Reason.ALGORITHM_REFUSED,
    "logout_forged": Reason.SIGNATURE_WRONG,
    "logout_iss": Reason.ISSUER_WRONG,
    "logout_aud": Reason.AUDIENCE_WRONG,
    "logout_nobody": Reason.LOGOUT_OF_NOBODY,
    "logout_nonce": Reason.LOGOUT_WITH_NONCE,
    "logout_(no|other)_event": Reason.LOGOUT_EVENT_MISSING,
    "logout_no_iat": Reason.TOKEN_MALFORMED,
    "logout_expired": Reason.EXPIRED,
    "signature_.*|header_jwk|forged_wrong": Reason.SIGNATURE_WRONG,
    "alg_.*": Reason.ALGORITHM_REFUSED,
    "kid_missing_several_keys": Reason.KEY_UNKNOWN,
    "header_(jku|x5u)|kid_unknown": Reason.KEY_UNKNOWN,
    "kid_number|header_crit": Reason.TOKEN_MALFORMED,
    "iss_.*|tenant_foreign": Reason.ISSUER_WRONG,
    "tid_.*": Reason.TENANT_WRONG,
    "aud_.*|azp_.*": Reason.AUDIENCE_WRONG,
    "auth_time_future": Reason.NOT_YET_VALID,
    "auth_time_.*": Reason.TOKEN_MALFORMED,
    "exp_past": Reason.EXPIRED,
    "exp_.*|iat_missing": Reason.TOKEN_MALFORMED,
    "(iat|nbf)_future": Reason.NOT_YET_VALID,
    "nonce_.*": Reason.NONCE_WRONG,
    "at_hash_wrong": Reason.ACCESS_TOKEN_HASH_WRONG,
    "sub_.*": Reason.SUBJECT_INVALID,
}

# What providers write into their errors under the faults: none of it may reach a page of ours.
TEXTS_OF_PROVIDERS = (
    b"alert(",
    b"555-0199",
    b"Bad gateway",
    b"invalid_grant",
    b"slow_down",
    b"bad_verification",
    b"AADSTS",
)


def reason_for(fault: str) -> Reason | None:
    return next((reason for pattern, reason in REASONS.items() if re.fullmatch(pattern, fault)), None)
