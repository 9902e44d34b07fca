"""Passkeys and security keys as second factors (W3C Web Authentication, Level 2).

Import this module only where a passkey is used: its library reads the list of all public suffixes, which would make
every start of a process slower by a fifth.
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

COUNT = "signatures"  # key in the stored data of a passkey: its last signature counter
STATE = "passkey"  # key in the session: the challenge that was sent to the browser
LONGEST_ANSWER = 20_000  # characters
# Everything that malformed input can raise: the library parses CBOR, JSON and keys without an exception of its own.
NOT_VERIFIED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,  # for keys with algorithms that the library does not know
    OverflowError,
    RecursionError,
    struct.error,
    InvalidSignature,
    UnsupportedAlgorithm,
)


def begin_adding(request: HttpRequest, user: User) -> str:
    """Return the options with which a browser creates a passkey, as JSON, and store the challenge in the session."""
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
    """Store the passkey that a browser has created. Raises PasskeyRefused."""
    state = _pop_challenge(request, user)
    try:
        registration = RegistrationResponse.from_dict(_read(answer))
        server = _server()
        made = server.register_complete(state, registration).credential_data
        if made is None or made.public_key.ALGORITHM not in {offer.alg for offer in server.allowed_algorithms}:
            raise PasskeyRefused  # it would be stored, and fail whenever it is used
        stored = json.loads(json.dumps(dict(registration) | {"clientExtensionResults": {}}))
    except NOT_VERIFIED as refused:
        raise PasskeyRefused from refused
    clean = "".join(letter for letter in name if letter.isprintable()).strip()[:LONGEST_NAME]
    return WebAuthn.add(user, clean, stored).instance


def begin_verification(request: HttpRequest, user: User) -> str:
    """Return the options with which a browser uses one of the person's passkeys, as JSON, and store the challenge."""
    options, state = _server().authenticate_begin(
        _credentials(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    _remember(request, user, state)
    return json.dumps(dict(options))


def verify(request: HttpRequest, user: User, answer: str) -> Authenticator:
    """Return the passkey that signed the browser's response. Raises PasskeyRefused and PasskeyCopied."""
    state = _pop_challenge(request, user)
    try:
        return _used(state, user.pk, _read(answer))
    except NOT_VERIFIED as refused:
        raise PasskeyRefused from refused


def begin_sign_in(request: HttpRequest) -> str:
    """Return the options with which a browser offers all of its passkeys for this site, as JSON, without a username.

    User verification is required: unlocking the device is the second factor, besides having it.
    """
    options, state = _server().authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    _remember(request, None, state)
    return json.dumps(dict(options))


def sign_in(request: HttpRequest, answer: str) -> Authenticator:
    """Return the passkey that signed in, with its user. Raises PasskeyRefused and PasskeyCopied."""
    state = _pop_challenge(request, None)
    try:
        response = _read(answer)
        person = UUID(bytes=websafe_decode(response["response"]["userHandle"]))
        return _used(state, person, response)
    except NOT_VERIFIED as refused:
        raise PasskeyRefused from refused


def _used(state: dict[str, Any], person: UUID, response: dict[str, Any]) -> Authenticator:
    """Return the person's passkey that signed the response, and store its signature counter."""
    rows = {_credential(row).credential_id: row for row in _rows(person)}
    used = _server().authenticate_complete(state, [_credential(row) for row in rows.values()], response)
    count = AuthenticationResponse.from_dict(response).response.authenticator_data.counter
    row = rows[used.credential_id]
    _update_counter(row, count)
    return row


def _update_counter(row: Authenticator, count: int) -> None:
    """Require the counter to increase, if the passkey has one. Of two concurrent uses of one count, one succeeds."""
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
        if held is None:  # removed concurrently
            raise PasskeyRefused
        before = held.data.get(COUNT, WebAuthn(held).authenticator_data.counter)
        if (before or count) and count <= before:
            raise PasskeyCopied(row.user_id)
        if count != before:
            held.data[COUNT] = count
            with acting(actor=Actor(ActorKind.PERSON, str(row.user_id))):  # the signature authenticates the person
                held.save(update_fields=["data"])


def _server() -> Fido2Server:
    """Accept only the exact origin: by default the library accepts subdomains and other ports too."""
    party = PublicKeyCredentialRpEntity(id=host(), name=settings.SITE_NAME)
    return Fido2Server(party, verify_origin=lambda origin: origin == settings.PUBLIC_URL)


def _remember(request: HttpRequest, user: User | None, state: dict[str, Any]) -> None:
    request.session[STATE] = {"state": state, "person": _named(user), "at": time.time()}


def _pop_challenge(request: HttpRequest, user: User | None) -> dict[str, Any]:
    """Pop the challenge: it is for one response, right or wrong, by the person for whom it was made, if any."""
    challenge = request.session.pop(STATE, None)
    if not challenge or challenge["person"] != _named(user) or not _is_in_time(challenge):
        raise PasskeyRefused
    state: dict[str, Any] = challenge["state"]
    return state


def _is_in_time(challenge: dict[str, Any]) -> bool:
    age: float = time.time() - challenge["at"]
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
