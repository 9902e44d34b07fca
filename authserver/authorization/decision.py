"""Decides what an authorization request needs next. It writes nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Membership, User
from accounts.sign_in.factors import enrolled
from accounts.sign_in.reauthentication.records import AuthenticationMethod, has_second_factor, records_of
from authserver.authorization import consents, pinned
from authserver.authorization.request import AuthorizationRequest
from authserver.clients import redirects
from authserver.models import Client, Consent
from authserver.protocol.errors import ErrorCode, OAuthError
from tenancy import site_context

MULTIPLE, SINGLE = "mfa", "single"  # our values of ``acr``
AMR = {AuthenticationMethod.PASSWORD: "pwd", AuthenticationMethod.FACTOR: "mfa"}  # RFC 8176


class NextStep(Enum):
    SIGN_IN = auto()
    REAUTHENTICATE = auto()
    ASK = auto()
    ANSWER = auto()


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """How and when the person of a session has authenticated, as clients learn it."""

    at: datetime
    acr: str
    amr: list[str]


def authentication(request: HttpRequest, user: User, *, for_tenant: UUID | None) -> Authentication:
    """Return the person's last authentication: its time here, or the one at the provider if the provider told it.

    ``for_tenant`` is whose app, host or operation asks. A second factor that a tenant's connection has verified counts
    there alone (ADR 73).
    """
    proofs = [proof for proof in records_of(request, user) if proof.kind is not AuthenticationMethod.MAILED_CODE]
    moment = max((proof.at for proof in proofs), default=0.0)
    is_multiple = _has_used_factor(request, user, for_tenant)
    methods = {AMR[proof.kind] for proof in proofs if proof.kind in AMR} | ({"mfa"} if is_multiple else set())
    return Authentication(
        at=datetime.fromtimestamp(moment, tz=UTC), acr=MULTIPLE if is_multiple else SINGLE, amr=sorted(methods)
    )


def tenant_of(user: User, client: Client) -> UUID | None:
    """Return the organization that tokens are for: the client's own, or else the active one.

    The client of an organization serves its members only. Raises OAuthError (``access_denied``).
    """
    owner = client.tenant_id
    if owner is None:
        return user.active_membership.tenant_id if user.active_membership else None
    with site_context("whether a person is a member of the organization of a client"):
        if not Membership.objects.filter(user=user, tenant_id=owner).exists():
            raise OAuthError(ErrorCode.ACCESS_DENIED, "The person is not a member.", reason="not_a_member")
    return owner


def decide(request: HttpRequest, wanted: AuthorizationRequest) -> NextStep:
    """Return the next step. With ``prompt=none`` what would need a page is an error instead. Raises OAuthError."""
    user, silent = request.user, "none" in wanted.prompts
    if not isinstance(user, User):
        return _unless(silent, NextStep.SIGN_IN, ErrorCode.LOGIN_REQUIRED)
    if wanted.is_for_another(user):
        return _unless(silent, NextStep.ASK, ErrorCode.LOGIN_REQUIRED)
    if (
        pinned.is_closed(user, wanted.client)
        or not _is_recent(request, user, wanted)
        or _lacks_factor(request, user, wanted)
    ):
        return _unless(silent, NextStep.REAUTHENTICATE, ErrorCode.LOGIN_REQUIRED)
    if {"consent", "select_account"} & wanted.prompts:
        return NextStep.ASK
    if needs_consent(wanted, consents.find(user, wanted.client, tenant_of(user, wanted.client))):
        return _unless(silent, NextStep.ASK, ErrorCode.CONSENT_REQUIRED)
    return NextStep.ANSWER


def needs_consent(wanted: AuthorizationRequest, consent: Consent | None) -> bool:
    """Whether the person is asked. A native app is never trusted without that, because any program on the device
    could have sent the request and can receive the answer (RFC 8252, section 8.6).
    """
    if redirects.is_native(wanted.to.redirect_uri):
        return wanted.client.is_public or not consents.covers(consent, wanted.released, wanted.resources)
    return not wanted.client.is_first_party and not consents.covers(consent, wanted.released, wanted.resources)


def _is_recent(request: HttpRequest, user: User, wanted: AuthorizationRequest) -> bool:
    """Whether the person has authenticated as recently as the client wants: since it asked, or within ``max_age``."""
    at = authentication(request, user, for_tenant=wanted.client.tenant_id).at.timestamp()
    if wanted.asked_at is not None and at >= wanted.asked_at:
        return True
    if "login" in wanted.prompts:
        return False
    return wanted.max_age is None or timezone.now().timestamp() - at <= wanted.max_age


def _lacks_factor(request: HttpRequest, user: User, wanted: AuthorizationRequest) -> bool:
    """Whether the client wants a second factor and this session has none yet. Values of others mean nothing here.

    Raises OAuthError if asking the person would not help: they have none, or they were asked and used none.
    """
    if MULTIPLE not in wanted.acr_values or SINGLE in wanted.acr_values:
        return False
    if _has_used_factor(request, user, wanted.client.tenant_id):
        return False
    if wanted.asked_at is not None or not enrolled.has_second_factor(user):
        raise OAuthError(ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, "The person has used no second factor.")
    return True


def _has_used_factor(request: HttpRequest, user: User, for_tenant: UUID | None) -> bool:
    return user.pinned_tenant in {None, for_tenant} and has_second_factor(request, user)


def _unless(silent: bool, step: NextStep, code: ErrorCode) -> NextStep:  # noqa: FBT001  # read with its call
    if silent:
        raise OAuthError(code, "The request needs the person, and its prompt is none.")
    return step
