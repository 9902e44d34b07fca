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
from django.db import transaction
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import User
from accounts.sign_in.factors.passkey_site import LONGEST_NAME, PasskeyCopied, PasskeyRefused, host
from audit.context import Actor, ActorKind, acting
from foundation import lifetimes
from foundation.clocks import LEEWAY_SECONDS

COUNT = "signatures"  # in what is kept of a passkey: how many it says that it has made
STATE = "passkey"  # in the session: the challenge that a browser was given
LONGEST_ANSWER = 20_000  # characters
# Whatever a browser can send: the library reads CBOR, JSON and keys without a word of its own for what is none.
NOT_VERIFIED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,  # of keys for algorithms that the library does not know
    OverflowError,
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
        server = _server()
        made = server.register_complete(state, registration).credential_data
        if made is None or made.public_key.ALGORITHM not in {offer.alg for offer in server.allowed_algorithms}:
            raise PasskeyRefused  # it would be kept, and fail whenever it is used
        kept = json.loads(json.dumps(dict(registration) | {"clientExtensionResults": {}}))
    except NOT_VERIFIED as refused:
        raise PasskeyRefused from refused
    clean = "".join(letter for letter in name if letter.isprintable()).strip()[:LONGEST_NAME]
    return WebAuthn.add(user, clean, kept).instance


def begin_verification(request: HttpRequest, user: User) -> str:
    """Return what a browser needs to ask one of the person's passkeys, as JSON, and remember the challenge."""
    options, state = _server().authenticate_begin(
        _credentials(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    _remember(request, user, state)
    return json.dumps(dict(options))


def verify(request: HttpRequest, user: User, answer: str) -> Authenticator:
    """Return whose word a browser brought. Raises PasskeyRefused, and PasskeyCopied."""
    state = _take_back(request, user)
    try:
        return _used(state, user.pk, _read(answer))
    except NOT_VERIFIED as refused:
        raise PasskeyRefused from refused


def begin_sign_in(request: HttpRequest) -> str:
    """Return what a browser needs to offer whatever passkeys it has for this site, as JSON; nobody is named yet.

    The device must be unlocked for it: that is the second factor, beside having the device.
    """
    options, state = _server().authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    _remember(request, None, state)
    return json.dumps(dict(options))


def sign_in(request: HttpRequest, answer: str) -> Authenticator:
    """Return the passkey that signed in, with whose it is. Raises PasskeyRefused, and PasskeyCopied."""
    state = _take_back(request, None)
    try:
        told = _read(answer)
        person = UUID(bytes=websafe_decode(told["response"]["userHandle"]))
        return _used(state, person, told)
    except NOT_VERIFIED as refused:
        raise PasskeyRefused from refused


def _used(state: dict[str, Any], person: UUID, response: dict[str, Any]) -> Authenticator:
    """Return the passkey of somebody that an answer is signed by, and keep how far it has counted."""
    rows = {_credential(row).credential_id: row for row in _rows(person)}
    used = _server().authenticate_complete(state, [_credential(row) for row in rows.values()], response)
    count = AuthenticationResponse.from_dict(response).response.authenticator_data.counter
    row = rows[used.credential_id]
    _count_on(row, count)
    return row


def _count_on(row: Authenticator, count: int) -> None:
    """Let a passkey count its signatures upwards, if it counts at all; of two uses at once with one count one wins."""
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
        if held is None:  # removed at this moment
            raise PasskeyRefused
        before = held.data.get(COUNT, WebAuthn(held).authenticator_data.counter)
        if (before or count) and count <= before:
            raise PasskeyCopied(row.user_id)
        if count != before:
            held.data[COUNT] = count
            with acting(actor=Actor(ActorKind.PERSON, str(row.user_id))):  # whose passkey signs is who they are
                held.save(update_fields=["data"])


def _server() -> Fido2Server:
    """By default the library would also believe sub-domains and other ports."""
    party = PublicKeyCredentialRpEntity(id=host(), name=settings.SITE_NAME)
    return Fido2Server(party, verify_origin=lambda origin: origin == settings.PUBLIC_URL)


def _remember(request: HttpRequest, user: User | None, state: dict[str, Any]) -> None:
    request.session[STATE] = {"state": state, "person": _named(user), "at": time.time()}


def _take_back(request: HttpRequest, user: User | None) -> dict[str, Any]:
    """A challenge is for one answer, right or wrong, of the person who was asked, if anybody was by name."""
    asked = request.session.pop(STATE, None)
    if not asked or asked["person"] != _named(user) or not _is_in_time(asked):
        raise PasskeyRefused
    state: dict[str, Any] = asked["state"]
    return state


def _is_in_time(asked: dict[str, Any]) -> bool:
    age: float = time.time() - asked["at"]
    return -LEEWAY_SECONDS <= age <= lifetimes.PASSKEY_CHALLENGE.total_seconds()


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
