"""Issue, redeem, rotate and revoke codes and tokens as RFC 6749 and RFC 9700 require."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from sandbox.keys import base64url
from sandbox.providers import Provider
from sandbox.sessions import Session

CODE_SECONDS = 60
KEPT = 20_000
T = TypeVar("T")


class GrantRefused(Exception):
    """The grant is invalid. The message is for the developer who reads the answer."""


class Kind(Enum):
    ACCESS = "access_token"
    REFRESH = "refresh_token"


@dataclass(frozen=True)
class Ask:
    """One valid authorization request."""

    provider: Provider
    redirect_uri: str
    scopes: frozenset[str]
    state: str | None = None
    nonce: str | None = None
    challenge: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str = ""
    acr_values: tuple[str, ...] = ()
    offline: bool = False


@dataclass
class Grant:
    """One code and all tokens that came of it. Revoking it revokes the whole chain."""

    ask: Ask
    session: Session
    revoked: bool = False


@dataclass
class Code:
    grant: Grant
    issued: float
    spent: bool = False


@dataclass
class Token:
    grant: Grant
    kind: Kind
    expires: float
    spent: bool = False


class GrantBook:
    """The codes and tokens of all providers, at most 20,000 of each; the oldest are discarded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._tokens: OrderedDict[str, Token] = OrderedDict()

    def write_code(self, ask: Ask, session: Session) -> str:
        value = f"{ask.provider}-{secrets.token_urlsafe(32)}"
        with self._lock:
            _keep(self._codes, value, Code(Grant(ask, session), time.time()))
        return value

    def issuer_of_code(self, value: str) -> str:
        with self._lock:
            code = self._codes.get(value)
        return code.grant.ask.provider.value if code else "unknown"

    def redeem(self, value: str, *, provider: Provider, redirect_uri: str | None, verifier: str) -> Grant:
        """Redeem a code once. None for `redirect_uri` skips its check, which only GitHub allows."""
        with self._lock:
            code = self._codes.get(value)
            if code is None or code.grant.ask.provider is not provider:
                raise GrantRefused("This provider did not issue that code.")
            if code.spent:
                code.grant.revoked = True
                raise GrantRefused("The code was used before; what it issued is revoked.")
            code.spent = True
        _check_binding(code, redirect_uri, verifier)
        return code.grant

    def issue(self, grant: Grant, kind: Kind, value: str, seconds: int) -> str:
        with self._lock:
            _keep(self._tokens, value, Token(grant, kind, time.time() + seconds))
        return value

    def rotate(self, value: str, provider: Provider) -> Grant:
        """Redeem a refresh token. A second use revokes the chain (RFC 9700, section 4.14.2)."""
        token = self.live(value, provider, Kind.REFRESH)
        if token is None:
            raise GrantRefused("The refresh token is unknown, expired or revoked.")
        with self._lock:
            if token.spent:
                token.grant.revoked = True
                raise GrantRefused("The refresh token was used before; its chain is revoked.")
            token.spent = True
        return token.grant

    def live(self, value: str, provider: Provider, kind: Kind) -> Token | None:
        with self._lock:
            token = self._tokens.get(value)
        if token is None or token.kind is not kind or token.grant.ask.provider is not provider:
            return None
        return None if token.grant.revoked or token.expires <= time.time() else token

    def revoke(self, value: str, provider: Provider) -> bool:
        with self._lock:
            token = self._tokens.get(value)
            known = token is not None and token.grant.ask.provider is provider
            if token is not None and known:
                token.grant.revoked = True
        return known

    def revoke_session(self, sid: str) -> None:
        with self._lock:
            for token in self._tokens.values():
                if token.grant.session.sid == sid:
                    token.grant.revoked = True

    def forget_all(self) -> None:
        with self._lock:
            self._codes.clear()
            self._tokens.clear()


def challenge_of(verifier: str) -> str:
    """Compute the S256 challenge (RFC 7636, section 4.2)."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def _check_binding(code: Code, redirect_uri: str | None, verifier: str) -> None:
    ask = code.grant.ask
    if time.time() - code.issued > CODE_SECONDS:
        raise GrantRefused(f"The code is older than {CODE_SECONDS} seconds.")
    if redirect_uri is not None and redirect_uri != ask.redirect_uri:
        raise GrantRefused("redirect_uri differs from the authorization request.")
    expected = ask.challenge
    if expected is None and verifier:
        raise GrantRefused("A code_verifier came, but no code_challenge had been sent.")
    if expected is not None and challenge_of(verifier) != expected:
        raise GrantRefused("The code_verifier does not fit the code_challenge.")


def _keep(kept: OrderedDict[str, T], value: str, thing: T) -> None:
    kept[value] = thing
    while len(kept) > KEPT:
        kept.popitem(last=False)
