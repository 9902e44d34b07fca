"""One attempt to sign in: what travels with the browser from the start to the callback.

A signed cookie for each attempt, so that two tabs do not meet and nothing is stored for strangers. Nonce and
PKCE verifier are derived from the state and the secret key: they stand nowhere, not even in the cookie.
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
from foundation.clocks import LEEWAY
from foundation.cookies import cookie_name, delete_cookie, set_cookie
from foundation.next_page import lost_page, safe_next
from providers.refusal import RefusalReason, SignInRefused

MOST_AT_ONCE = 6  # attempts that one browser keeps open; older ones go first
LONGEST_AT_ONCE = 6144  # bytes of their cookies together, but for the newest: proxies take 8 KiB of a header
LONGEST_COOKIE = 3968  # bytes; browsers keep 4,096 with its name and attributes (RFC 6265bis, section 5.6)
SHORT = 512  # characters of an address that are not worth compressing
PREFIX = cookie_name("flow_")  # no neighbour can plant one (RFC 6265bis)
STATE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
NAME = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{8}}\Z")  # anybody can send other names, which no answer could repeat


class Process(StrEnum):
    """What somebody wants of a provider's word. Never guessed: it is written down at the start."""

    SIGN_IN = "sign_in"
    CONNECT = "connect"
    REAUTHENTICATE = "reauthenticate"


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: type(value) is kind


FORMS: dict[str, Callable[[Any], bool]] = {  # of what a cookie keeps of an attempt
    **dict.fromkeys(("provider", "starter", "session", "state"), _is(str)),
    **dict.fromkeys(("stays", "asks_for_factor", "another", "silent"), _is(bool)),
    "process": lambda value: isinstance(value, str) and value in frozenset(Process),
    "next": lambda value: isinstance(value, str) and value == safe_next(value),
    "wanted": lambda value: isinstance(value, list | tuple) and all(map(_is(str), value)),
}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """An attempt. ``starter`` is the account that somebody was signed in to, where it matters, and ``session`` when
    that session began: the attempt ends with it.

    ``stays``: they asked to be kept signed in. ``another``: they want to choose an account at the provider.
    ``asks_for_factor``: the provider is asked for a second factor too, where it knows such a request.
    ``silent``: nobody is to be asked anything there.
    ``wanted`` names the claims that rules look at: what is asked for at the start is read at the end.
    ``key_age`` is which of our secret keys signed the cookie, 0 for today's: what was derived then is derived again.
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
        """Whether the provider must ask for its own proof again, whatever session it has."""
        return self.process is not Process.SIGN_IN and not self.silent

    def asking_for_factor(self) -> "Flow":
        """Return another attempt for the same, in which the provider is asked for a second factor too."""
        return replace(self, asks_for_factor=True, state=secrets.token_urlsafe(32))

    def _derived(self, purpose: str) -> str:
        message = f"{purpose}\n{self.provider}\n{self.state}".encode()
        return _base64url(hmac.digest(_secret_keys()[self.key_age].encode(), message, "sha256"))

    @property
    def cookie(self) -> str:
        return PREFIX + self.state[:8]

    def remember(self, request: HttpRequest, response: HttpResponse) -> None:
        """Leave the attempt with the browser. Where it goes afterwards is kept as long as it fits into a cookie."""
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
    """Return the attempt that a callback answers, once. Raises SignInRefused.

    State belongs to one browser (the cookie), one provider (against mix-up, RFC 9700 section 4.4) and ten
    minutes; of several callbacks with it, over all processes, one wins.
    """
    flow = _flow(_values(request, lifetime=lifetimes.SIGN_IN_ATTEMPT))
    if flow.provider != provider:
        raise SignInRefused(RefusalReason.STATE_OF_ANOTHER_PROVIDER, f"the attempt was for {flow.provider}")
    try:
        remembered_for = (lifetimes.SIGN_IN_ATTEMPT + LEEWAY).total_seconds()
        is_first = cache.add(f"flow:{used_state(flow.state)}", value=True, timeout=remembered_for)
    except RedisError as away:
        raise SignInRefused(RefusalReason.STORE_UNREACHABLE, "cannot tell whether this is a repetition") from away
    if not is_first:
        raise SignInRefused(RefusalReason.STATE_USED, "this attempt came back before")
    return flow


def peek_flow(request: HttpRequest) -> Flow | None:
    """Return what a refused answer was the answer to, if this browser knows: only to offer the same once more.

    It may be too old, or spent, and nobody is signed in by it.
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
    """Return what a session is known by whatever its key is: when it began."""
    found = request.session.loaded if isinstance(request.session, SessionStore) else None
    return found.created_at.isoformat() if found else ""


def used_state(state: str) -> str:
    """Return what a state that was used is known again by: itself it is kept nowhere."""
    return hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()


def _values(request: HttpRequest, *, lifetime: timedelta) -> dict[str, Any]:
    """Return what this browser keeps of the attempt that is answered. Raises SignInRefused."""
    states = request.GET.getlist("state")
    if not states:
        raise SignInRefused(RefusalReason.STATE_MISSING, "the callback has no state")
    if len(states) > 1 or not STATE.match(states[0]):
        raise SignInRefused(RefusalReason.STATE_MALFORMED, "no state that we could have made, or several")
    cookie = request.COOKIES.get(PREFIX + states[0][:8])
    if cookie is None:
        raise SignInRefused(RefusalReason.STATE_UNKNOWN, "this browser has no such attempt")
    values = _unsigned(cookie, lifetime)
    if not secrets.compare_digest(str(values.get("state")).encode(errors="replace"), states[0].encode()):
        raise SignInRefused(RefusalReason.STATE_UNKNOWN, "the attempt is another one")
    return values


def _flow(values: dict[str, Any]) -> Flow:
    """Make the attempt of what is kept of it. Raises SignInRefused where a release of another day wrote it otherwise.

    That may know more than this one, which is left out; but what this one knows must be there, and be what it is here.
    """
    given = {one.name: values.get(one.name, one.default) for one in fields(Flow)}
    odd = [name for name, fits in FORMS.items() if not fits(given[name])]
    if odd:
        raise SignInRefused(RefusalReason.STATE_UNKNOWN, f"another release wrote the attempt: {', '.join(odd)}")
    return Flow(**given | {"process": Process(given["process"]), "wanted": tuple(given["wanted"])})


def _restart(values: dict[str, Any]) -> Flow:
    """Make a new attempt to sign in of what can be read of another: to where, and for how long."""
    next_url = values.get("next")
    return Flow(
        provider=str(values.get("provider")),
        process=Process.SIGN_IN,
        next=safe_next(next_url) if isinstance(next_url, str) else "",
        stays=values.get("stays") is True,
    )


def _unsigned(cookie: str, lifetime: timedelta) -> dict[str, Any]:
    """Return what a cookie holds, and by which of our keys. Raises SignInRefused."""
    for age, key in enumerate(_secret_keys()):
        try:
            values = _signer(key).unsign_object(cookie, max_age=lifetime)
        except SignatureExpired:
            raise SignInRefused(RefusalReason.STATE_EXPIRED, f"older than {lifetime.total_seconds():.0f} s") from None
        except BadSignature:
            continue
        except (ValueError, zlib.error):  # the signature is ours, and what it is on is of another release
            values = None
        if not isinstance(values, dict):
            raise SignInRefused(RefusalReason.STATE_UNKNOWN, "another release wrote the attempt")
        return values | {"key_age": age}
    raise SignInRefused(RefusalReason.STATE_UNKNOWN, "the attempt's signature is wrong")


def _make_room(request: HttpRequest, response: HttpResponse) -> None:
    """Let the oldest attempts go, of which browsers tell first, where there are too many or they are too long."""
    attempts = {name: len(name) + len(value) for name, value in request.COOKIES.items() if NAME.match(name)}
    for name in list(attempts):
        if len(attempts) < MOST_AT_ONCE and sum(attempts.values()) <= LONGEST_AT_ONCE:
            return
        delete_cookie(response, name)
        del attempts[name]


def _signer(key: str) -> TimestampSigner:
    return TimestampSigner(key=key, salt="providers.flow", fallback_keys=[])


def _secret_keys() -> list[str]:
    """Today's first. Former ones count, and so does the next one while it is given to all before it signs."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
