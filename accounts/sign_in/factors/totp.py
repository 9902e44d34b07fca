"""Authenticator apps: codes that change every 30 seconds (RFC 6238), each usable once."""

import base64
import secrets
from urllib.parse import quote, urlencode

import qrcode
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.sign_in import used_once
from foundation import lifetimes
from foundation.encryption import decrypt, encrypt

PURPOSE = "totp"
DIGITS = 6
QUIET_ZONE = 4  # modules: ISO/IEC 18004, section 9.1


def new_secret() -> str:
    """Return a secret of 160 bits, as RFC 4226, section 4 recommends."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def provisioning_uri(user: User, secret: str) -> str:
    """Return the otpauth URI that the QR code contains."""
    label = quote(f"{settings.SITE_NAME}:{user.email or user.username or user}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': settings.SITE_NAME}, quote_via=quote)}"


def qr_code(text: str) -> str:
    """Return a QR code as SVG, black on white in every theme, because cameras need the contrast."""
    code = qrcode.QRCode(border=QUIET_ZONE, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    modules = code.get_matrix()
    dots = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(modules) for x, is_dark in enumerate(row) if is_dark)
    size = len(modules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{dots}"/></svg>'
    )


def step_of(secret: str, code: str) -> int | None:
    """Return the time step of a code, if the code is valid now."""
    digits = "".join(code.split())
    for step in yield_hotp_counters_from_time():
        if constant_time_compare(digits, format_hotp_value(hotp_value(secret, step))):
            return int(step)
    return None


def add(user: User, secret: str, step: int) -> Authenticator:
    """Store a secret after its first right code, and use that code up. A person has at most one app."""
    encrypted = encrypt(secret, owner=user.pk, purpose=PURPOSE)
    row = Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": encrypted})
    _spend(user, secret, step)
    return row


def looks_like_code(typed: str) -> bool:
    """Whether this looks like the code of an app, not like a recovery code."""
    digits = "".join(typed.split())
    return len(digits) == DIGITS and digits.isdecimal()


def secret_of(row: Authenticator) -> str:
    """Raises DecryptionFailed, or its subclass KeyLost if this process does not have the key."""
    return decrypt(row.data["secret"], owner=row.user_id, purpose=PURPOSE)


def use_code(row: Authenticator, code: str) -> bool:
    """Use up a code, atomically for all processes; return whether it was right and unused (RFC 6238, section 5.2).

    allauth remembers a used code for 30 seconds but accepts it for 90, and never remembers the one that added the app.
    """
    secret = secret_of(row)
    step = step_of(secret, code)
    return step is not None and _spend(row.user, secret, step)


def _spend(user: User, secret: str, step: int) -> bool:
    """Mark a time step as used for this secret: an app that is removed and added again has a new secret."""
    return used_once.use(PURPOSE, user.pk, secret, step, remembered_for=lifetimes.USED_TOTP_STEP)
