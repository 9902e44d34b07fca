"""Credentials that do not count: what the response says, what is recorded, and how guessing is slowed down."""

import logging

from accounts.sign_in import credential_throttle, rate_limits
from api import events
from api.problems import CREDENTIALS_DISAGREE, INVALID_CREDENTIAL, UNAUTHENTICATED, ApiError
from audit.events import record

logger = logging.getLogger(__name__)

REALM = "vestibule"
# Why something that was issued once does not count now: whoever sends it has not guessed it.
ISSUED_ONCE = frozenset(
    {
        "certificate_not_valid_now", "certificate_of_several_services", "certificate_unknown",  # TLS has verified it
        "session_over", "expired", "revoked", "for_another_audience", "resources_taken", "not_served",
        "person_not_served", "client_cut_off", "client_stopped", "family_revoked", "family_over", "consent_withdrawn",
        "person_gone", "person_inactive", "person_cut_off", "key_expired", "key_replaced", "key_revoked",
        "owner_cut_off", "owner_inactive", "owner_left", "service_expired", "service_stopped", "service_unknown",
        "upstream_person_inactive", "upstream_person_not_a_member", "upstream_person_unknown",
        "upstream_token_cut_off",
    }
)  # fmt: skip


def challenge(**parts: str) -> str:
    """Return the header WWW-Authenticate (RFC 6750, section 3). No part may contain a quotation mark."""
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in {"realm": REALM, **parts}.items())


def anonymous() -> ApiError:
    """Return the error for a request without any credential. Nothing is recorded: nobody claims to be anybody."""
    headers = {"WWW-Authenticate": challenge()}
    return ApiError(UNAUTHENTICATED, "Send a credential.", reason="no_credential", headers=headers)


def refused(reason: str, *, public_part: str = "", is_recorded: bool = False) -> ApiError:
    """Record a credential that does not count, and return the error. Raises CredentialsThrottled.

    A guess counts for the throttle. What was issued once and is over does not: a program behind one address may send
    the expired tokens of many people. ``public_part`` is what the credential shows to everybody, such as a key's id.
    """
    if not is_recorded:
        _record(reason)
    if reason not in ISSUED_ONCE:
        credential_throttle.count_failure(public_part)
    said = challenge(error="invalid_token", error_description="A credential of the request is not valid")
    detail = "A credential of the request is not valid."
    return ApiError(INVALID_CREDENTIAL, detail, reason=reason, headers={"WWW-Authenticate": said})


def disagreement() -> ApiError:
    """Record that credentials are not for the same caller, and return the error."""
    _record("another_caller")
    said = challenge(error="invalid_token", error_description="The credentials do not agree")
    detail = "The credentials of the request are not for the same caller in the same tenant."
    return ApiError(CREDENTIALS_DISAGREE, detail, headers={"WWW-Authenticate": said})


def _record(reason: str) -> None:
    """Record a refused credential, within the limit of what strangers can write."""
    logger.warning("credential refused: reason=%s", reason)
    if rate_limits.may_leave_entry():
        record(events.CREDENTIAL_REFUSED, reason=reason)
