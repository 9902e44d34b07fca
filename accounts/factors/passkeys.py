"""Passkeys and security keys as second factors (W3C Web Authentication, Level 2).

Loaded when the first of them is used: the library behind it reads a list of all public domains, which would make
every start of the product slower by a fifth.
"""

import json
import struct
import time
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.conf import settings
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.factors.passkey_site import LONGEST_NAME, PasskeyRefused, host
from accounts.models import User

STATE = "passkey"  # in the session: the challenge that a browser was given
CHALLENGE_LASTS = 600  # seconds
LONGEST_ANSWER = 20_000  # characters
# Whatever a browser can send: the library reads CBOR, JSON and keys without a word of its own for what is none.
NOT_BELIEVED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    RecursionError,
    struct.error,
    InvalidSignature,
    UnsupportedAlgorithm,
)


def begin_adding(request: HttpRequest, user: User) -> str:
    """Return what a browser needs to make a passkey, as JSON, and remember the challenge."""
    person = PublicKeyCredentialUserEntity(
        id=user.pk.bytes, name=user.email or user.username or str(user), display_name=str(user)
    )
    options, state = _server().register_begin(
        person,
        _credentials(user),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    _remember(request, user, state)
    return json.dumps(dict(options))


def add(request: HttpRequest, user: User, answer: str, name: str) -> Authenticator:
    """Keep the passkey that a browser made. Raises PasskeyRefused."""
    state = _take_back(request, user)
    try:
        registration = RegistrationResponse.from_dict(_read(answer))
        _server().register_complete(state, registration)
        kept = json.loads(json.dumps(dict(registration) | {"clientExtensionResults": {}}))
    except NOT_BELIEVED as refused:
        raise PasskeyRefused from refused
    clean = "".join(letter for letter in name if letter.isprintable()).strip()[:LONGEST_NAME]
    return WebAuthn.add(user, clean, kept).instance


def begin_proof(request: HttpRequest, user: User) -> str:
    """Return what a browser needs to ask one of the person's passkeys, as JSON, and remember the challenge."""
    options, state = _server().authenticate_begin(
        _credentials(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    _remember(request, user, state)
    return json.dumps(dict(options))


def prove(request: HttpRequest, user: User, answer: str) -> Authenticator:
    """Return whose word a browser brought. Raises PasskeyRefused."""
    state = _take_back(request, user)
    rows = {_credential(row).credential_id: row for row in _rows(user.pk)}
    try:
        used = _server().authenticate_complete(state, [_credential(row) for row in rows.values()], _read(answer))
    except NOT_BELIEVED as refused:
        raise PasskeyRefused from refused
    return rows[used.credential_id]


def begin_sign_in(request: HttpRequest) -> str:
    """Return what a browser needs to offer whatever passkeys it has for this site, as JSON; nobody is named yet.

    The device must be unlocked for it: that is the second factor, beside having the device.
    """
    options, state = _server().authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    _remember(request, None, state)
    return json.dumps(dict(options))


def who_signs_in(request: HttpRequest, answer: str) -> Authenticator:
    """Return the passkey that signed in, with whose it is. Raises PasskeyRefused."""
    state = _take_back(request, None)
    try:
        told = _read(answer)
        person = UUID(bytes=websafe_decode(told["response"]["userHandle"]))
        rows = {_credential(row).credential_id: row for row in _rows(person)}
        used = _server().authenticate_complete(state, [_credential(row) for row in rows.values()], told)
    except NOT_BELIEVED as refused:
        raise PasskeyRefused from refused
    return rows[used.credential_id]


def _server() -> Fido2Server:
    """By default the library would also believe sub-domains and other ports."""
    party = PublicKeyCredentialRpEntity(id=host(), name=settings.SITE_NAME)
    return Fido2Server(party, verify_origin=lambda origin: origin == settings.PUBLIC_URL)


def _remember(request: HttpRequest, user: User | None, state: dict[str, Any]) -> None:
    request.session[STATE] = {"state": state, "person": _named(user), "at": time.time()}


def _take_back(request: HttpRequest, user: User | None) -> dict[str, Any]:
    """A challenge is for one answer, right or wrong, of the person who was asked, if anybody was by name."""
    asked = request.session.pop(STATE, None)
    if not asked or asked["person"] != _named(user) or time.time() - asked["at"] > CHALLENGE_LASTS:
        raise PasskeyRefused
    state: dict[str, Any] = asked["state"]
    return state


def _named(user: User | None) -> str:
    return str(user.pk) if user else ""


def _read(answer: str) -> dict[str, Any]:
    found = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    if not isinstance(found, dict):
        raise PasskeyRefused
    return found


def _rows(person: UUID) -> list[Authenticator]:
    found = Authenticator.objects.select_related("user")
    return list(found.filter(user_id=person, type=Authenticator.Type.WEBAUTHN))


def _credential(row: Authenticator) -> AttestedCredentialData:
    found: AttestedCredentialData = WebAuthn(row).authenticator_data.credential_data
    return found


def _credentials(user: User) -> list[AttestedCredentialData]:
    return [_credential(row) for row in _rows(user.pk)]
