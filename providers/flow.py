"""One attempt to sign in: the state that travels with the browser from the start to the callback.

Each attempt has its own signed cookie, so that two tabs do not interfere and nothing is stored for strangers. The
nonce and the PKCE verifier are derived from the state and the secret key; they are stored nowhere, not even in the
cookie.
"""

import base64
import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from accounts.sessions import SessionStore
from foundation import lifetimes
from foundation.app_hints import hints_in
from foundation.clocks import LEEWAY
from foundation.cookies import cookie_name, delete_cookie, set_cookie
from foundation.next_page import lost_page, safe_next
from providers.refusal import RefusalReason, SignInRefused

MOST_AT_ONCE = 6  # open attempts of one browser; the oldest is dropped first
LONGEST_AT_ONCE = 6144  # bytes of all their cookies except the newest: proxies accept headers of 8 KiB
LONGEST_COOKIE = 3968  # bytes; browsers keep 4,096 including name and attributes (RFC 6265bis, section 5.6)
SHORT = 512  # characters; a URL up to this length is not worth compressing
PREFIX = cookie_name("flow_")  # the cookie prefix stops other hosts from setting one (RFC 6265bis)
STATE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
NAME = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{8}}\Z")  # other names, which anybody can send, belong to no state


class Process(StrEnum):
    """What an attempt is for. It is recorded at the start and never guessed at the callback."""

    SIGN_IN = "sign_in"
    CONNECT = "connect"
    REAUTHENTICATE = "reauthenticate"
    TEST = "test"  # of a connection, by its administrator


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: type(value) is kind


FORMS: dict[str, Callable[[Any], bool]] = {  # checks for the values in a cookie
    **dict.fromkeys(("provider", "starter", "session", "state", "typed"), _is(str)),
    **dict.fromkeys(("stays", "asks_for_factor", "another", "silent"), _is(bool)),
    "process": lambda value: isinstance(value, str) and value in frozenset(Process),
    "next": lambda value: isinstance(value, str) and value == safe_next(value),
    "wanted": lambda value: isinstance(value, list | tuple) and all(map(_is(str), value)),
}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One attempt to sign in, to connect an identity, to reauthenticate or to test a connection.

    ``starter`` is the account that was signed in at the start, if that matters. ``session`` is when that session
    began: the attempt ends with it.
    ``stays``: the person asked to stay signed in. ``another``: they want to choose an account at the provider.
    ``asks_for_factor``: request a second factor from the provider, if it supports that.
    ``silent``: the provider must not ask the person anything.
    ``typed`` is the address whose domain led to this provider, as the person typed it on our page.
    ``wanted`` are the claims that claim rules need, so that the callback reads what the start requested.
    ``key_age`` is the index of the secret key that signed the cookie, 0 for the current one. Nonce and verifier are
    derived with the same key.
    """

    provider: str
    process: Process
    next: str = ""
    starter: str = ""
    session: str = ""
    wanted: tuple[str, ...] = ()
    stays: bool = False
    asks_for_factor: bool = False
    another: bool = False
    silent: bool = False
    typed: str = ""
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    key_age: int = field(default=0, compare=False)

    @property
    def nonce(self) -> str:
        return self._derived("nonce")

    @property
    def code_verifier(self) -> str:
        """43 characters of base64url: RFC 7636, section 4.1."""
        return self._derived("code_verifier")

    @property
    def code_challenge(self) -> str:
        return _base64url(hashlib.sha256(self.code_verifier.encode()).digest())

    @property
    def wants_reauthentication(self) -> bool:
        """Whether the provider must authenticate the person again, even if they have a session there."""
        return self.process in {Process.CONNECT, Process.REAUTHENTICATE} and not self.silent

    @property
    def login_hint(self) -> str:
        """The address that the person typed, or the account that an app expects; none if the person is known already.

        An app's hint does not count for a person who wants to choose an account.
        """
        if self.process is not Process.SIGN_IN:
            return ""
        return self.typed or ("" if self.another else hints_in(self.next).login_hint)

    def asking_for_factor(self) -> "Flow":
        """Return a new attempt with the same purpose that also requests a second factor from the provider."""
        return replace(self, asks_for_factor=True, state=secrets.token_urlsafe(32))

    def _derived(self, purpose: str) -> str:
        message = f"{purpose}\n{self.provider}\n{self.state}".encode()
        return _base64url(hmac.digest(_secret_keys()[self.key_age].encode(), message, "sha256"))

    @property
    def cookie(self) -> str:
        return PREFIX + self.state[:8]

    def remember(self, request: HttpRequest, response: HttpResponse) -> None:
        """Store the attempt in a cookie. If ``next`` makes it too long, it is replaced by ``lost_page()``."""
        _make_room(request, response)
        value = self._signed()
        if len(value) > LONGEST_COOKIE:
            value = replace(self, next=lost_page())._signed()  # noqa: SLF001  # our own
        set_cookie(response, self.cookie, value, max_age=lifetimes.RETRY_OF_ATTEMPT)

    def _signed(self) -> str:
        kept = {name: value for name, value in asdict(self).items() if name != "key_age"}
        return _signer(_secret_keys()[0]).sign_object(kept, compress=bool(self.wanted) or len(self.next) > SHORT)

    def forget(self, response: HttpResponse) -> None:
        delete_cookie(response, self.cookie)


def take_flow(request: HttpRequest, provider: str) -> Flow:
    """Return the attempt that a callback answers. It can be taken once only. Raises SignInRefused.

    A state is valid in one browser (the one with the cookie), for one provider (against mix-up, RFC 9700 section 4.4)
    and for ten minutes. Of several callbacks with the same state, across all processes, one succeeds.
    """
    flow = _flow(_values(request, lifetime=lifetimes.SIGN_IN_ATTEMPT))
    if flow.provider != provider:
        raise SignInRefused(RefusalReason.STATE_OF_ANOTHER_PROVIDER, f"the attempt was for {flow.provider}")
    try:
        remembered_for = (lifetimes.SIGN_IN_ATTEMPT + LEEWAY).total_seconds()
        is_first = cache.add(f"flow:{used_state(flow.state)}", value=True, timeout=remembered_for)
    except RedisError as away:
        raise SignInRefused(RefusalReason.STORE_UNREACHABLE, "cannot check whether the state was used before") from away
    if not is_first:
        raise SignInRefused(RefusalReason.STATE_USED, "this attempt was already answered")
    return flow


def peek_flow(request: HttpRequest) -> Flow | None:
    """Return the attempt that a refused callback belongs to, if this browser has it, only to offer a retry.

    The attempt may be expired or used already. It must never sign anybody in.
    """
    try:
        values = _values(request, lifetime=lifetimes.RETRY_OF_ATTEMPT)
    except SignInRefused:
        return None
    try:
        return _flow(values)
    except SignInRefused:
        return _restart(values)


def session_began(request: HttpRequest) -> str:
    """Return when the session began, or "". Unlike its key, this identifies a session for as long as it lasts."""
    found = request.session.loaded if isinstance(request.session, SessionStore) else None
    return found.created_at.isoformat() if found else ""


def used_state(state: str) -> str:
    """Return the digest by which a used state is recognised. The state itself is not stored."""
    return hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()


def _values(request: HttpRequest, *, lifetime: timedelta) -> dict[str, Any]:
    """Return the cookie's values for the attempt that the callback answers. Raises SignInRefused."""
    states = request.GET.getlist("state")
    if not states:
        raise SignInRefused(RefusalReason.STATE_MISSING, "the callback has no state")
    if len(states) > 1 or not STATE.match(states[0]):
        raise SignInRefused(RefusalReason.STATE_MALFORMED, "the state has the wrong form, or there are several")
    cookie = request.COOKIES.get(PREFIX + states[0][:8])
    if cookie is None:
        raise SignInRefused(RefusalReason.STATE_UNKNOWN, "this browser has no such attempt")
    values = _unsigned(cookie, lifetime)
    if not secrets.compare_digest(str(values.get("state")).encode(errors="replace"), states[0].encode()):
        raise SignInRefused(RefusalReason.STATE_UNKNOWN, "the cookie holds another attempt")
    return values


def _flow(values: dict[str, Any]) -> Flow:
    """Build the attempt from the cookie's values. Raises SignInRefused if another release wrote an incompatible one.

    Values that this release does not know are ignored. Those that it knows must be present and valid.
    """
    given = {one.name: values.get(one.name, one.default) for one in fields(Flow)}
    odd = [name for name, fits in FORMS.items() if not fits(given[name])]
    if odd:
        raise SignInRefused(RefusalReason.STATE_UNKNOWN, f"another release wrote the attempt: {', '.join(odd)}")
    return Flow(**given | {"process": Process(given["process"]), "wanted": tuple(given["wanted"])})


def _restart(values: dict[str, Any]) -> Flow:
    """Build a new sign-in attempt from what is readable of an incompatible one: ``next`` and ``stays``."""
    next_url = values.get("next")
    return Flow(
        provider=str(values.get("provider")),
        process=Process.SIGN_IN,
        next=safe_next(next_url) if isinstance(next_url, str) else "",
        stays=values.get("stays") is True,
    )


def _unsigned(cookie: str, lifetime: timedelta) -> dict[str, Any]:
    """Return a cookie's values, with the ``key_age`` of the key that signed it. Raises SignInRefused."""
    for age, key in enumerate(_secret_keys()):
        try:
            values = _signer(key).unsign_object(cookie, max_age=lifetime)
        except SignatureExpired:
            raise SignInRefused(RefusalReason.STATE_EXPIRED, f"older than {lifetime.total_seconds():.0f} s") from None
        except BadSignature:
            continue
        except (ValueError, zlib.error):  # our signature, on a format of another release
            values = None
        if not isinstance(values, dict):
            raise SignInRefused(RefusalReason.STATE_UNKNOWN, "another release wrote the attempt")
        return values | {"key_age": age}
    raise SignInRefused(RefusalReason.STATE_UNKNOWN, "the attempt's signature is wrong")


def _make_room(request: HttpRequest, response: HttpResponse) -> None:
    """Drop the oldest attempts if there are too many or their cookies are too long. Browsers send the oldest first."""
    attempts = {name: len(name) + len(value) for name, value in request.COOKIES.items() if NAME.match(name)}
    for name in list(attempts):
        if len(attempts) < MOST_AT_ONCE and sum(attempts.values()) <= LONGEST_AT_ONCE:
            return
        delete_cookie(response, name)
        del attempts[name]


def _signer(key: str) -> TimestampSigner:
    return TimestampSigner(key=key, salt="providers.flow", fallback_keys=[])


def _secret_keys() -> list[str]:
    """Return the secret keys, the current one first.

    The fallbacks hold former keys, and also the next key while it is distributed to all processes before it signs.
    """
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
