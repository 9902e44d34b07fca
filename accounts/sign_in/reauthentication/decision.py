"""The only place that decides whether a person is reauthenticated for an act (ADR 32)."""

import time
from collections.abc import Sequence
from enum import Enum, auto

from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in.factors.enrolled import has_second_factor
from accounts.sign_in.local import passwords
from accounts.sign_in.provider_names import SaysWhen, expected_of
from accounts.sign_in.reauthentication import codes
from accounts.sign_in.reauthentication.acts import OF_TENANTS, Act
from accounts.sign_in.reauthentication.records import AuthenticationMethod, AuthenticationRecord, records_of
from foundation import lifetimes
from foundation.clocks import LEEWAY_SECONDS

ENOUGH_ALONE = frozenset(
    {
        AuthenticationMethod.PASSWORD,
        AuthenticationMethod.FACTOR,
        AuthenticationMethod.PROVIDER_FACTOR,
        AuthenticationMethod.DATED_RESPONSE,
    }
)
FACTORS = frozenset({AuthenticationMethod.FACTOR, AuthenticationMethod.PROVIDER_FACTOR})


class Verdict(Enum):
    STALE = auto()
    RECENT = auto()
    RECENT_BY_SIGN_IN_ALONE = auto()  # the account has nothing stronger: the owner is notified of the act


def judge(request: HttpRequest, act: Act) -> Verdict:
    """Judge how the person of a request has authenticated within ten minutes.

    A person with a second factor must use it: a password, a mailbox or an account at a provider may be stolen. In a
    pinned session nothing suffices for an act on the account: what does suffice ends the pinning first (ADR 73).
    """
    user = request.user
    if not isinstance(user, User) or (user.pinned_tenant is not None and act not in OF_TENANTS):
        return Verdict.STALE
    proofs = records_of(request, user)
    recent = [proof for proof in proofs if _is_recent(proof)]
    kinds = {proof.kind for proof in recent}
    if has_second_factor(user):
        return Verdict.RECENT if kinds & FACTORS else Verdict.STALE
    if kinds & ENOUGH_ALONE or _opened_just_now(user, act, recent):
        return Verdict.RECENT
    if AuthenticationMethod.RESPONSE not in kinds:
        return Verdict.STALE
    if any(proof.kind is AuthenticationMethod.MAILED_CODE and proof.act == act for proof in recent):
        return Verdict.RECENT
    return Verdict.RECENT_BY_SIGN_IN_ALONE if has_nothing_stronger(user, proofs) else Verdict.STALE


def recent_answer(proofs: Sequence[AuthenticationRecord]) -> AuthenticationRecord | None:
    """Return the last response of a provider within ten minutes without ``auth_time``: it needs a mailed code too."""
    return next(
        (proof for proof in reversed(proofs) if proof.kind is AuthenticationMethod.RESPONSE and _is_recent(proof)), None
    )


def says_when(provider: str, proofs: Sequence[AuthenticationRecord]) -> bool:
    """Whether a provider sends the time of the authentication, as far as this session knows.

    A provider that sends it only if configured is assumed to, until it was asked and did not.
    """
    expected = expected_of(provider)
    if expected is not SaysWhen.WHERE_SET_UP:
        return expected is SaysWhen.ALWAYS
    return not any(
        proof.kind is AuthenticationMethod.RESPONSE and proof.was_asked and proof.provider == provider
        for proof in proofs
    )


def has_nothing_stronger(user: User, proofs: Sequence[AuthenticationRecord]) -> bool:
    """Whether an account has no factor, no password, no address for a code, and no provider that sends the time."""
    if has_second_factor(user) or passwords.may_open(user) or codes.email_of(user):
        return False
    return not any(says_when(provider, proofs) for provider in user.identities.values_list("provider", flat=True))


def _is_recent(record: AuthenticationRecord) -> bool:
    """Whether a record is recent. One in the future was written while the clock was ahead, and does not count."""
    return -LEEWAY_SECONDS <= time.time() - record.at <= lifetimes.REAUTHENTICATION.total_seconds()


def _opened_just_now(user: User, act: Act, recent: Sequence[AuthenticationRecord]) -> bool:
    """Whether an account that was opened in this session connects its second identity: it holds nothing to steal."""
    return act is Act.CONNECT and any(proof.opened for proof in recent) and user.identities.count() == 1
