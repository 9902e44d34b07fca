"""The table of the outcomes that the fault test expects for the faults of the sandbox's catalogue."""

import re

from providers.refusal import RefusalReason

# The first match wins. A sign-in can fail for many reasons: this table keeps a case from passing for a wrong one.
REASONS: dict[str, RefusalReason] = {
    "authorize_denied": RefusalReason.CANCELLED,
    "authorize_(server_error|laden_.*|says_.*)": RefusalReason.PROVIDER_REFUSED,
    "authorize_state_missing": RefusalReason.STATE_MISSING,
    "authorize_state_.*": RefusalReason.STATE_MALFORMED,
    "authorize_code_other": RefusalReason.CODE_REFUSED,  # only the token endpoint can detect it
    "authorize_code_.*": RefusalReason.CALLBACK_MALFORMED,
    "authorize_callback_other": RefusalReason.STATE_OF_ANOTHER_PROVIDER,
    "authorize_iss_.*": RefusalReason.CALLBACK_ISSUER_WRONG,
    "token_(no_id_token|id_token_null)": RefusalReason.TOKEN_MISSING,
    "token_id_token_.*": RefusalReason.TOKEN_MALFORMED,
    "discovery_(issuer_.*|file|ftp|javascript|no_.*|numbers)": RefusalReason.METADATA_INVALID,
    "jwks_keys_text": RefusalReason.METADATA_INVALID,
    "jwks_(only_encryption|no_keys)": RefusalReason.KEY_UNKNOWN,
    "userinfo_id_.*": RefusalReason.SUBJECT_INVALID,
    "auth_time_huge": RefusalReason.TOKEN_MALFORMED,
    "userinfo_sub_.*": RefusalReason.USERINFO_OF_ANOTHER,
    "userinfo_signed_forged": RefusalReason.SIGNATURE_WRONG,
    "discovery_auth_neither": RefusalReason.METADATA_INVALID,
    "token_400_busy": RefusalReason.PROVIDER_ANSWER_INVALID,
    "token_(401|400_.*)": RefusalReason.CLIENT_REFUSED,
    "token_(400|error_200)": RefusalReason.CODE_REFUSED,
    ".*_(truncated|huge|gzip_bomb|header_flood)": RefusalReason.PROVIDER_ANSWER_INVALID,  # a response that is useless
    ".*_reset": RefusalReason.PROVIDER_UNREACHABLE,
    ".*_(hang|drip_.*|endless_100)": RefusalReason.PROVIDER_UNREACHABLE,
    "(token|discovery|jwks|github_user)_.*": RefusalReason.PROVIDER_ANSWER_INVALID,
    "access_token_number": RefusalReason.PROVIDER_ANSWER_INVALID,
    "logout_(alg_none|hs256|other_alg)": RefusalReason.ALGORITHM_REFUSED,
    "logout_forged": RefusalReason.SIGNATURE_WRONG,
    "logout_iss": RefusalReason.ISSUER_WRONG,
    "logout_aud": RefusalReason.AUDIENCE_WRONG,
    "logout_nobody": RefusalReason.LOGOUT_WITHOUT_SUBJECT,
    "logout_nonce": RefusalReason.LOGOUT_WITH_NONCE,
    "logout_(no|other)_event": RefusalReason.LOGOUT_EVENT_MISSING,
    "logout_no_iat": RefusalReason.TOKEN_MALFORMED,
    "logout_expired": RefusalReason.EXPIRED,
    "signature_.*|header_jwk|forged_wrong": RefusalReason.SIGNATURE_WRONG,
    "alg_.*": RefusalReason.ALGORITHM_REFUSED,
    "kid_missing_several_keys": RefusalReason.KEY_UNKNOWN,
    "header_(jku|x5u)|kid_unknown": RefusalReason.KEY_UNKNOWN,
    "kid_number|header_crit": RefusalReason.TOKEN_MALFORMED,
    "iss_.*|tenant_foreign": RefusalReason.ISSUER_WRONG,
    "tid_.*": RefusalReason.TENANT_WRONG,
    "aud_.*|azp_.*": RefusalReason.AUDIENCE_WRONG,
    "auth_time_future": RefusalReason.NOT_YET_VALID,
    "auth_time_.*": RefusalReason.TOKEN_MALFORMED,
    "exp_past": RefusalReason.EXPIRED,
    "exp_.*|iat_missing": RefusalReason.TOKEN_MALFORMED,
    "(iat|nbf)_future": RefusalReason.NOT_YET_VALID,
    "nonce_.*": RefusalReason.NONCE_WRONG,
    "at_hash_wrong": RefusalReason.ACCESS_TOKEN_HASH_WRONG,
    "sub_.*": RefusalReason.SUBJECT_INVALID,
}

# What providers write into their errors under the faults. None of it may appear on our pages.
TEXTS_OF_PROVIDERS = (
    b"alert(",
    b"555-0199",
    b"Bad gateway",
    b"invalid_grant",
    b"slow_down",
    b"bad_verification",
    b"AADSTS",
)


def reason_for(fault: str) -> RefusalReason | None:
    return next((reason for pattern, reason in REASONS.items() if re.fullmatch(pattern, fault)), None)
