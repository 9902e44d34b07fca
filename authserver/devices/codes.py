"""Device codes: issued to a client, answered by a person, and polled for by the client (RFC 8628)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import F
from django.utils import timezone

from authserver.authorization.codes import begun_by
from authserver.models import Client, Consent, DeviceCode, TokenFamily
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.tokens import incidents, revocation
from authserver.tokens.digests import digest_of
from authserver.tokens.validity import IS_AUTHORIZED
from foundation import lifetimes
from foundation.rows import Rows, fetch_one

CODE = Rows(DeviceCode, "f")
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so that no words come about (RFC 8628, section 6.1)
LETTERS = 8
SLOWER = 5  # seconds that a poll that came too early adds to the interval (RFC 8628, section 3.5)
FIND = """
    SELECT statement_timestamp(), {is_authorized}, {columns} FROM authserver_devicecode f
    WHERE f.digest = %(digest)s AND f.client_id = %(client)s FOR UPDATE OF f
"""


@dataclass(frozen=True, kw_only=True)
class IssuedDeviceCode:
    """Both codes in clear: ``text`` is for the device, ``user_code`` for the person."""

    text: str
    user_code: str
    interval: int


def issue(client: Client, *, scopes: list[str], resources: list[str]) -> IssuedDeviceCode:
    """Store a new device code that waits for a person."""
    text, letters = secrets.token_urlsafe(32), "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    code = DeviceCode(
        digest=digest_of(text),
        user_code_digest=digest_of(letters),
        client_id=client.pk,
        client_not_before=client.not_before,
        scopes=scopes,
        resources=resources,
        expires_at=timezone.now() + lifetimes.DEVICE_CODE,
    )
    code.save(force_insert=True)
    return IssuedDeviceCode(text=text, user_code=f"{letters[:4]}-{letters[4:]}", interval=code.interval)


def find(typed: str) -> DeviceCode | None:
    """Return the waiting code that a person has typed, in any spelling, or None."""
    letters = "".join(letter for letter in typed[:40].upper() if letter.isascii() and letter.isalnum())
    waiting = DeviceCode.objects.filter(
        user_code_digest=digest_of(letters), expires_at__gt=timezone.now(), approved_at=None, refused_at=None
    )
    return waiting.first()


def approve(code: DeviceCode, consent: Consent, **authorized: Any) -> bool:
    """Store a person's answer with how they had signed in; return whether the code still waited for one."""
    return _answer(code, approved_at=timezone.now(), consent=consent, tenant_id=consent.tenant_id, **authorized)


def refuse(code: DeviceCode) -> bool:
    """Store that the person does not agree; return whether the code still waited for an answer."""
    return _answer(code, refused_at=timezone.now())


def poll(client: Client, text: str) -> TokenFamily | OAuthError:
    """Return the family that an approved code begins, not stored yet, or the answer to the poll (section 3.5).

    The caller commits its transaction in any case: the time of the poll counts, and a second use revokes.
    """
    given: dict[str, Any] = {
        "digest": digest_of(text),
        "client": client.pk,
        "client_not_before": client.not_before,
    }
    row = fetch_one(FIND.format(is_authorized=IS_AUTHORIZED, columns=CODE.columns), given)
    if row is None:
        return _refused(ErrorCode.INVALID_GRANT, "device_code_unknown")
    now, is_authorized, code = row[0], row[1], CODE.read(row[2:])
    if code.used_at is not None:
        return _used_again(client, code)
    if not code.created_at <= now < code.created_at + lifetimes.DEVICE_CODE:
        return _refused(ErrorCode.EXPIRED_TOKEN, "device_code_expired")
    if code.refused_at is None and code.approved_at is None:
        return _waiting(code, now)
    if code.refused_at is not None or not is_authorized:
        return _refused(ErrorCode.ACCESS_DENIED, "refused_by_person" if code.refused_at else "authorization_over")
    family_id = uuid4()
    DeviceCode.objects.filter(pk=code.pk).update(used_at=now, family_id=family_id)
    return begun_by(code, family_id, at=now)


def _waiting(code: DeviceCode, now: datetime) -> OAuthError:
    is_early = code.polled_at is not None and now - code.polled_at < timedelta(seconds=code.interval)
    changes: dict[str, Any] = {"interval": F("interval") + SLOWER} if is_early and code.interval < 60 else {}
    DeviceCode.objects.filter(pk=code.pk).update(polled_at=now, **changes)
    return _refused(ErrorCode.SLOW_DOWN if is_early else ErrorCode.AUTHORIZATION_PENDING, "")


def _used_again(client: Client, code: DeviceCode) -> OAuthError:
    family = TokenFamily.objects.filter(pk__in=[code.family_id]).first()
    if family and revocation.revoke_family(family, reason="device_code_reused"):
        incidents.record_reuse(client, family, reason="device_code_reused", behind=family.generation)
    return _refused(ErrorCode.INVALID_GRANT, "device_code_reused")


def _answer(code: DeviceCode, **answer: Any) -> bool:
    waiting = DeviceCode.objects.filter(pk=code.pk, approved_at=None, refused_at=None, expires_at__gt=timezone.now())
    return bool(waiting.update(**answer))


def _refused(code: ErrorCode, reason: str) -> OAuthError:
    return OAuthError(code, DESCRIPTIONS[code], reason=reason)


DESCRIPTIONS = {
    ErrorCode.INVALID_GRANT: "The device code is unknown or was used.",
    ErrorCode.EXPIRED_TOKEN: "The device code has expired. Ask for another.",
    ErrorCode.ACCESS_DENIED: "The person did not agree, or may not.",
    ErrorCode.AUTHORIZATION_PENDING: "The person has not answered yet.",
    ErrorCode.SLOW_DOWN: "Poll less often: wait five seconds longer from now on.",
}
