"""Consents: what a person lets clients do. A withdrawn one reads as nothing, for every token that came of it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.sign_in import rate_limits
from audit.events import record
from authserver import events
from authserver.models import AuthorizationCode, Client, Consent, TokenFamily
from authserver.tokens import revocation
from tenancy import site_context

GIVEN = rate_limits.Limit(kind="consents.given", most=60, seconds=3600)  # new ones, by each person


def find(user: User, client: Client, tenant_id: UUID | None) -> Consent | None:
    """Return the consent that a person has given a client in an organization, if it was not withdrawn."""
    return Consent.objects.filter(user=user, client_id=client.pk, tenant_id=tenant_id, withdrawn_at=None).first()


def covers(consent: Consent | None, scopes: Sequence[str], resources: Sequence[str]) -> bool:
    """Whether a person has agreed on a page to everything that is asked for now. Without a consent, or withdrawn, no.

    What one of our own apps got without asking does not count: the person has never read it.
    """
    if consent is None or consent.withdrawn_at is not None or not consent.is_asked:
        return False
    return set(scopes) <= set(consent.asked_scopes) and set(resources) <= set(consent.asked_resources)


def may_give(user: User, client: Client, tenant_id: UUID | None) -> bool:
    """Whether a person may give this consent: each new one is a row, so there is a limit. Call it before ``give``.

    It is no part of ``give``, because the entry about the limit has to outlive a transaction that is rolled back.
    """
    return find(user, client, tenant_id) is not None or not rate_limits.is_over_anyway(GIVEN, str(user.pk))


def give(
    user: User, client: Client, tenant_id: UUID | None, *, scopes: Sequence[str], resources: Sequence[str], asked: bool
) -> Consent:
    """Store a consent, or add to the one that is there. Call it in a transaction.

    ``asked`` says that a page showed exactly these scopes and resources, and that the person agreed. In a pinned
    session that is not remembered: whoever runs the tenant's provider could agree in anybody's name (ADR 73).
    """
    asked = asked and user.pinned_tenant is None
    consent = _locked(user, client, tenant_id)
    if consent is None:
        new = Consent(user=user, client_id=client.pk, tenant_id=tenant_id, is_asked=asked)
        new.scopes, new.resources = list(scopes), list(resources)
        if asked:
            new.asked_scopes, new.asked_resources = list(scopes), list(resources)
        try:
            with transaction.atomic():
                new.save(force_insert=True)
        except IntegrityError:  # another request of the same person was faster
            consent = _locked(user, client, tenant_id)
            if consent is None:
                raise
        else:
            record(events.CONSENT_GIVEN, person=user, object=client, app=client.client_id, scopes=list(scopes))
            return new
    _add(consent, user, client, scopes, resources, asked=asked)
    return consent


def valid_of(user: User) -> list[Consent]:
    """Return a person's consents with their clients, the one last used first, whoever the clients belong to."""
    with site_context("a person reads which apps may act for them"):
        valid = Consent.objects.filter(user=user, withdrawn_at=None)
        return list(valid.select_related("client").order_by("-last_used_at"))


def withdraw(consents: "QuerySet[Consent]", *, reason: str) -> int:
    """Withdraw consents with everything that clients got by them, and return how many there were."""
    with transaction.atomic():
        found = list(consents.filter(withdrawn_at=None).select_for_update())
        for consent in found:
            consent.withdrawn_at = timezone.now()
            consent.save(update_fields=["withdrawn_at"])
            AuthorizationCode.objects.filter(consent=consent).delete()
            revocation.revoke_families(TokenFamily.objects.filter(consent=consent), reason="consent_withdrawn")
            record(
                events.CONSENT_WITHDRAWN,
                person=consent.user_id,
                object=("authserver_client", consent.client_id),
                app=str(consent.client_id),
                reason=reason,
            )
    return len(found)


def _locked(user: User, client: Client, tenant_id: UUID | None) -> Consent | None:
    """Return the consent, locked, so that of two requests at once neither overwrites what the other adds."""
    valid = Consent.objects.filter(user=user, client_id=client.pk, tenant_id=tenant_id, withdrawn_at=None)
    return valid.select_for_update(no_key=True).first()


def _add(
    consent: Consent, user: User, client: Client, scopes: Sequence[str], resources: Sequence[str], *, asked: bool
) -> None:
    more = set(scopes) - set(consent.scopes)
    consent.scopes, consent.resources = _joined(consent.scopes, scopes), _joined(consent.resources, resources)
    if asked:
        consent.asked_scopes = _joined(consent.asked_scopes, scopes)
        consent.asked_resources = _joined(consent.asked_resources, resources)
        consent.is_asked = True
    consent.last_used_at = timezone.now()
    consent.save(update_fields=["scopes", "resources", "asked_scopes", "asked_resources", "is_asked", "last_used_at"])
    if more:
        record(events.CONSENT_GIVEN, person=user, object=client, app=client.client_id, scopes=sorted(more))


def _joined(known: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*known, *more]))
