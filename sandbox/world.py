"""The state of the sandbox: the cast, live sessions, grants, keys, faults, the journal."""

import re
import threading
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox.config import Client, Config, checked_public_url
from sandbox.drafts import Scene
from sandbox.faults import CATALOGUE, Effect, Fault, IssuerEnding, Rotation, Stage
from sandbox.grants import GrantBook
from sandbox.journal import Journal
from sandbox.keys import KeyRing
from sandbox.personas import CAST, NEWCOMER, Persona, newcomer
from sandbox.providers import OPENID_PROVIDERS, Provider, issuer
from sandbox.sessions import SessionBook

E = TypeVar("E", bound=Effect)


class UnknownName(ValueError):
    """No provider, persona or fault has that name, or not at that provider."""


@dataclass(frozen=True)
class ActiveFault:
    """An active fault. `ended` is set when the fault is turned off, which ends hanging answers."""

    fault: Fault
    ended: threading.Event = field(default_factory=threading.Event)


class World:
    def __init__(self, config: Config) -> None:
        self._lock = threading.RLock()
        self.clients = config.clients
        self._public_url = config.public_url
        self.base_url = ""
        self.grants = GrantBook()
        self.sessions = SessionBook()
        self.journal = Journal()
        self._rings = {p: KeyRing() for p in Provider}
        self._faults: dict[Provider, ActiveFault] = {}
        self._automatic: dict[Provider, str] = {}
        self._cast = {p.key: p for p in CAST}
        self._nonces: dict[Provider, str] = {}

    @property
    def public_url(self) -> str:
        return self._public_url

    @public_url.setter
    def public_url(self, url: str) -> None:
        self._public_url = checked_public_url(url)

    def redirect_uri(self, provider: Provider) -> str:
        return f"{self.public_url}/accounts/{provider}/login/callback/"

    def is_registered(self, provider: Provider, redirect_uri: str) -> bool:
        """Whether a provider sends browsers there: to its own callback, or to that of a connection in the product."""
        callback = re.compile(rf"{re.escape(self.public_url)}/accounts/([a-z0-9-]+)/login/callback/")
        found = callback.fullmatch(redirect_uri)
        return found is not None and (found[1] == provider or found[1] not in set(Provider))

    def issuer(self, provider: Provider) -> str:
        ending = "".join(effect.text for effect in self.effects(provider, IssuerEnding))
        return issuer(self.base_url, provider) + ending

    def client(self, provider: Provider) -> Client:
        return self.clients[provider]

    def ring(self, provider: Provider) -> KeyRing:
        return self._rings[provider]

    def scene(self, provider: Provider, *, earlier_nonce: str | None = None) -> Scene:
        known = {"earlier_nonce": earlier_nonce} if earlier_nonce else {}
        issuer, client = self.issuer(provider), self.client(provider)
        return Scene(provider, self.base_url, issuer, self.ring(provider), client, **known)

    def exchange_nonce(self, provider: Provider, nonce: str | None) -> str | None:
        """Store this sign-in's nonce, and return the previous one for the replay fault."""
        with self._lock:
            earlier = self._nonces.get(provider)
            if nonce:
                self._nonces[provider] = nonce
            return earlier

    def personas(self, provider: Provider | None = None) -> list[Persona]:
        with self._lock:
            cast = list(self._cast.values())
        return [p for p in cast if provider is None or provider in p.providers]

    def persona(self, provider: Provider, key: str) -> Persona:
        """Return a member of the cast, or for "new" a person who has never signed in."""
        if key == NEWCOMER:
            return newcomer()
        with self._lock:
            persona = self._cast.get(key)
        if persona is None or provider not in persona.providers:
            raise UnknownName(f"{provider.label} has no persona {key!r}.")
        return persona

    def add_persona(self, persona: Persona) -> None:
        """Add a persona to the cast, or replace the one with the same key."""
        if persona.key == NEWCOMER:
            raise UnknownName(f"The key {NEWCOMER!r} is taken by the newcomer.")
        with self._lock:
            self._cast[persona.key] = persona

    def automatic_persona(self, provider: Provider) -> str | None:
        return self._automatic.get(provider)

    def set_automatic_persona(self, provider: Provider, key: str | None) -> None:
        """Make the provider answer at once with this persona. None shows the picker again."""
        with self._lock:
            if key is None:
                self._automatic.pop(provider, None)
                return
            self.persona(provider, key)
            self._automatic[provider] = key

    def active(self, provider: Provider) -> ActiveFault | None:
        return self._faults.get(provider)

    def set_fault(self, provider: Provider, key: str | None) -> None:
        """Turn on a fault instead of the previous one. None turns it off."""
        fault = self._fitting(provider, key) if key is not None else None
        with self._lock:
            before = self._faults.pop(provider, None)
            if fault is not None:
                self._faults[provider] = ActiveFault(fault)
        if before is not None:
            before.ended.set()
        for effect in fault.effects if fault else ():
            if isinstance(effect, Rotation):
                self.rotate_keys(provider, withdraw=effect.withdraw, keep_kid=effect.keep_kid)

    def effects(self, provider: Provider, kind: type[E], *, stage: Stage | None = None) -> list[E]:
        """List the active fault's effects of one kind.

        Lies need the stage: lies of the logout stage alter logout tokens, lies of the access token stage access
        tokens, lies of the refresh stage ID tokens of a refresh, and all others ID tokens.
        """
        active = self._faults.get(provider)
        if active is None or (stage is not None and not _shows_at(active.fault, stage)):
            return []
        return [effect for effect in active.fault.effects if isinstance(effect, kind)]

    def clear_faults(self) -> None:
        for provider in Provider:
            self.set_fault(provider, None)

    def rotate_keys(self, provider: Provider, *, withdraw: bool, keep_kid: bool) -> str:
        """Publish a new signing key, and return its kid. The old key stays published unless it is withdrawn."""
        if provider not in OPENID_PROVIDERS:
            raise UnknownName(f"{provider.label} has no signing keys.")
        return self.ring(provider).rotate(withdraw=withdraw, keep_kid=keep_kid).kid

    def warm_keys(self) -> None:
        for provider in OPENID_PROVIDERS:
            _ = self.ring(provider).current

    def reset(self) -> None:
        """Discard requests, faults, automatic personas, sessions, grants and added personas."""
        self.clear_faults()
        with self._lock:
            self._automatic.clear()
            self._cast = {p.key: p for p in CAST}
            self._nonces.clear()
        self.sessions.forget_all()
        self.grants.forget_all()
        self.journal.reset()

    @staticmethod
    def _fitting(provider: Provider, key: str) -> Fault:
        fault = CATALOGUE.get(key)
        if fault is None or provider not in fault.providers:
            raise UnknownName(f"{provider.label} has no fault {key!r}.")
        return fault


def _shows_at(fault: Fault, stage: Stage) -> bool:
    own = {Stage.LOGOUT, Stage.ACCESS_TOKEN, Stage.REFRESH}
    return fault.stage is stage if own & {fault.stage, stage} else True
