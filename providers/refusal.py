"""The reasons for which something from a provider can be refused, and the exception that carries one."""

import logging
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from accounts.cut_off.owner_lock import locked_by_owner_at
from foundation.references import new_reference

logger = logging.getLogger(__name__)


class RefusalReason(StrEnum):
    """The technical reason, for the trail and the log. People see a page from ``providers.refusal_pages``."""

    STATE_MISSING = "state_missing"
    STATE_MALFORMED = "state_malformed"
    STATE_UNKNOWN = "state_unknown"
    STATE_EXPIRED = "state_expired"
    STATE_USED = "state_used"
    STATE_OF_ANOTHER_PROVIDER = "state_of_another_provider"
    CALLBACK_MALFORMED = "callback_malformed"
    CALLBACK_ISSUER_WRONG = "callback_issuer_wrong"

    CANCELLED = "cancelled"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_OFF = "provider_off"
    PROVIDER_BUSY = "provider_busy"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    PROVIDER_NOT_PUBLIC = "provider_not_public"
    PROVIDER_ANSWER_INVALID = "provider_answer_invalid"
    METADATA_INVALID = "metadata_invalid"
    CLIENT_REFUSED = "client_refused"
    CODE_REFUSED = "code_refused"
    USERINFO_OF_ANOTHER = "userinfo_of_another"

    TOKEN_MISSING = "token_missing"  # noqa: S105  # a reason, not a secret
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105
    ALGORITHM_REFUSED = "algorithm_refused"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_WRONG = "signature_wrong"
    ISSUER_WRONG = "issuer_wrong"
    TENANT_WRONG = "tenant_wrong"
    AUDIENCE_WRONG = "audience_wrong"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    NONCE_WRONG = "nonce_wrong"
    ACCESS_TOKEN_HASH_WRONG = "access_token_hash_wrong"  # noqa: S105
    SUBJECT_INVALID = "subject_invalid"
    NOT_REAUTHENTICATED_AT_PROVIDER = "not_reauthenticated_at_provider"

    LOGOUT_EVENT_MISSING = "logout_event_missing"
    LOGOUT_WITH_NONCE = "logout_with_nonce"
    LOGOUT_WITHOUT_SUBJECT = "logout_without_subject"
    LOGOUT_REPEATED = "logout_repeated"

    ACCOUNT_DEACTIVATED = "account_deactivated"
    LOCKED_BY_OWNER = "locked_by_owner"
    IDENTITY_OF_ANOTHER_ACCOUNT = "identity_of_another_account"
    EMAIL_OF_ANOTHER_ACCOUNT = "email_of_another_account"
    SIGN_UP_CLOSED = "sign_up_closed"
    SIGN_UP_BY_INVITATION = "sign_up_by_invitation"
    SIGN_UP_OF_OTHER_DOMAINS = "sign_up_of_other_domains"
    IDENTITY_NOT_CONNECTED = "identity_not_connected"
    NOT_A_MEMBER = "not_a_member"
    LAST_SIGN_IN_METHOD = "last_sign_in_method"
    NOT_REAUTHENTICATED = "not_reauthenticated"
    STARTED_BY_ANOTHER_PERSON = "started_by_another_person"
    FACTOR_ADDED_MEANWHILE = "factor_added_meanwhile"
    KEY_NOT_HERE = "key_not_here"
    STORE_UNREACHABLE = "store_unreachable"


class SignInRefused(Exception):
    """A sign-in that must not continue, or a back-channel logout that is not valid.

    ``detail`` is our own text for administrators, never the provider's.
    ``error`` is the registered error code that the provider returned (``providers.errors``), if any.
    ``person`` is the account that was refused, if known. ``since`` is when its owner locked it.
    """

    def __init__(
        self,
        reason: RefusalReason,
        detail: str = "",
        *,
        error: str = "",
        person: UUID | None = None,
        since: datetime | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.person = person
        self.since = since
        self.detail = detail
        self.error = error
        self.reference = new_reference()


def account_deactivated(person: UUID, detail: str) -> SignInRefused:
    """Return the refusal for a deactivated account. Its reason tells the owner if they locked it themselves."""
    locked_at = locked_by_owner_at(person)
    if locked_at is None:
        return SignInRefused(RefusalReason.ACCOUNT_DEACTIVATED, detail, person=person)
    return SignInRefused(
        RefusalReason.LOCKED_BY_OWNER, "its owner has locked the account", person=person, since=locked_at
    )


def log_unreadable_claims(provider_id: str, claims: Iterable[str], refused: SignInRefused) -> None:
    """Log why claims that rules need could not be fetched. The trail records the effect."""
    logger.warning("claims unreadable: provider=%s claims=%s reason=%s", provider_id, sorted(claims), refused)
