"""Revoking tokens: one family, one token, or all of a person, of a consent or of a client (RFC 7009, ADR 21)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from authserver.models import AccessToken, AuthorizationCode, RevokedToken, TokenFamily
from foundation.declarations import RevocationReason, RevocationResult


def revoke_family(family: TokenFamily, *, reason: str) -> bool:
    """Revoke a family with all of its tokens, and return whether it was alive. Its access tokens are refused too."""
    return bool(revoke_families(TokenFamily.objects.filter(pk=family.pk), reason=reason))


def revoke_families(families: "QuerySet[TokenFamily]", *, reason: str) -> int:
    """Revoke families and return how many there were."""
    return families.filter(revoked_at=None).update(revoked_at=timezone.now(), revoked_reason=reason)


def revoke_jwt(jti: str, *, expires_at: int) -> bool:
    """Refuse one JWT from now on at our own endpoints, and return whether it was not yet. ``expires_at`` is ``exp``."""
    ends_at = datetime.fromtimestamp(expires_at, tz=UTC)
    _, is_new = RevokedToken.objects.get_or_create(jti=jti, defaults={"expires_at": ends_at})
    return is_new


def revoke_opaque(digest: str) -> bool:
    """Delete an opaque access token, and return whether there was one."""
    count, _ = AccessToken.objects.filter(digest=digest).delete()
    return bool(count)


def revoke_of_people(people: Sequence[UUID], reason: RevocationReason) -> RevocationResult:
    """Revoke what every client holds for these people, for the cut-off."""
    AuthorizationCode.objects.filter(user__in=people).delete()
    count = revoke_families(TokenFamily.objects.filter(user__in=people), reason=reason.value)
    return RevocationResult(count=count)


def count_alive(people: Sequence[UUID]) -> int:
    """Return how many families and codes of these people would still be accepted."""
    now = timezone.now()
    codes = AuthorizationCode.objects.filter(user__in=people, used_at=None, expires_at__gt=now).count()
    return codes + TokenFamily.objects.filter(user__in=people, revoked_at=None, expires_at__gt=now).count()
