"""The authorization endpoint of all four providers: check the request, show the picker, redirect with a code."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox import pages
from sandbox.faults import FrontBend, Redirection
from sandbox.grants import Ask
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.sessions import Session
from sandbox.wire import (
    Answer,
    Fields,
    RepeatedParameter,
    Request,
    redirect,
    single_values,
    with_parameters,
)
from sandbox.world import UnknownName, World

S256_LENGTH = 43
Step = Callable[[Request, Ask, str], Answer]


class AskUntrusted(Exception):
    """The client or the redirect URI is not registered: show an error page, never redirect."""


class AskRefused(Exception):
    """The request is invalid, but the client is known: redirect to it with the error."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Rules:
    """How the providers differ at this endpoint."""

    openid: bool = True
    answers_iss: bool = False
    answers_session_state: bool = False


class FrontDoor:
    def __init__(self, world: World, provider: Provider, rules: Rules) -> None:
        self.world = world
        self.provider = provider
        self.rules = rules

    @property
    def cookie_name(self) -> str:
        return f"sandbox-{self.provider}"

    def authorize(self, request: Request) -> Answer:
        return self._guarded(request.query_string, request, self._welcome)

    def choose(self, request: Request) -> Answer:
        """Handle the picker's form. Its `request` field is the query string of the authorization request."""
        return self._guarded(request.form.get("request", ""), request, self._chosen)

    def _guarded(self, query: str, request: Request, step: Step) -> Answer:
        try:
            target = self._trusted_target(single_values(query))
        except (AskUntrusted, RepeatedParameter) as refusal:
            return pages.problem(f"{self.provider.label} refuses this request: {refusal}", 400)
        parameters = single_values(query)
        try:
            return step(request, self._read(parameters, target), query)
        except AskRefused as refusal:
            problem = (("error", refusal.error), ("error_description", refusal.description))
            return self._back(target, problem, parameters.get("state"))
        except UnknownName as refusal:
            return pages.problem(str(refusal), 400)

    def _trusted_target(self, parameters: dict[str, str]) -> str:
        if parameters.get("client_id") != self.world.client(self.provider).client_id:
            raise AskUntrusted("the client_id is not registered.")
        target = parameters.get("redirect_uri", "")
        if not self.world.is_registered(self.provider, target):
            raise AskUntrusted("the redirect_uri differs from the registered one.")
        return target

    def _read(self, parameters: dict[str, str], target: str) -> Ask:
        scopes = frozenset(parameters.get("scope", "").split())
        self._check(parameters, scopes)
        return Ask(
            provider=self.provider,
            redirect_uri=target,
            scopes=scopes,
            state=parameters.get("state"),
            nonce=parameters.get("nonce"),
            challenge=parameters.get("code_challenge"),
            prompt=frozenset(parameters.get("prompt", "").split()),
            max_age=_seconds(parameters.get("max_age")),
            login_hint=parameters.get("login_hint", ""),
            acr_values=tuple(parameters.get("acr_values", "").split()),
            offline=self._is_offline(parameters, scopes),
        )

    def _check(self, parameters: dict[str, str], scopes: frozenset[str]) -> None:
        if parameters.get("response_type") != "code":
            raise AskRefused("unsupported_response_type", "Only response_type=code is served.")
        if {"request", "request_uri"} & set(parameters):
            raise AskRefused("request_not_supported", "Request objects are not served.")
        if self.rules.openid and "openid" not in scopes:
            raise AskRefused("invalid_scope", "The scope openid is missing.")
        challenge = parameters.get("code_challenge")
        if challenge is None and not self.rules.openid:
            return
        method = parameters.get("code_challenge_method")
        if method != "S256" or len(challenge or "") != S256_LENGTH:
            raise AskRefused("invalid_request", "PKCE with an S256 code_challenge is required.")

    def _is_offline(self, parameters: dict[str, str], scopes: frozenset[str]) -> bool:
        if self.provider is Provider.GOOGLE:
            return parameters.get("access_type") == "offline"
        return self.provider is Provider.KEYCLOAK or "offline_access" in scopes

    def _welcome(self, request: Request, ask: Ask, query: str) -> Answer:
        session = self._session(request)
        if "none" in ask.prompt:
            if session is None or _is_stale(session, ask):
                raise AskRefused("login_required", "Nobody is signed in here.")
            return self._grant(ask, session)
        automatic = self.world.automatic_persona(self.provider)
        if automatic is not None:
            persona = self.world.persona(self.provider, automatic)
            return self._grant(ask, self._continued(session, persona, ask))
        cast = self.world.personas(self.provider)
        return pages.picker(self.provider, cast, query=query, hint=ask.login_hint)

    def _chosen(self, request: Request, ask: Ask, _query: str) -> Answer:
        key = request.form.get("persona")
        if key is None:
            raise AskRefused("access_denied", "The person cancelled.")
        persona = self.world.persona(self.provider, key)
        return self._grant(ask, self._continued(self._session(request), persona, ask))

    def _session(self, request: Request) -> Session | None:
        return self.world.sessions.find(self.provider, request.cookie(self.cookie_name))

    def _continued(self, session: Session | None, persona: Persona, ask: Ask) -> Session:
        """Continue the session, unless it is another person's or the request asks for reauthentication."""
        if session is None or session.persona != persona or _is_stale(session, ask):
            return self.world.sessions.open(self.provider, persona)
        return session

    def _grant(self, ask: Ask, session: Session) -> Answer:
        found: Fields = (("code", self.world.grants.write_code(ask, session)),)
        cookie = f"{self.cookie_name}={session.sid}; Path=/{self.provider}; HttpOnly; SameSite=Lax"
        if self.rules.answers_session_state:
            found = (*found, ("session_state", session.sid))
        return self._back(ask.redirect_uri, found, ask.state, (("Set-Cookie", cookie),))

    def _back(self, target: str, found: Fields, state: str | None, headers: Fields = ()) -> Answer:
        if state is not None:
            found = (*found, ("state", state))
        if self.rules.answers_iss:
            found = (*found, ("iss", self.world.issuer(self.provider)))
        answer = self._bent(Redirection(target, found))
        return redirect(with_parameters(answer.target, answer.parameters), headers=headers)

    def _bent(self, answer: Redirection) -> Redirection:
        effects = self.world.effects(self.provider, FrontBend)
        if not effects:
            return answer
        other = Provider.GOOGLE if self.provider is Provider.KEYCLOAK else Provider.KEYCLOAK
        ask = Ask(other, self.world.redirect_uri(other), frozenset({"openid"}))
        code = self.world.grants.write_code(ask, Session(other, self.world.personas(other)[0]))
        answer = replace(answer, other_callback=ask.redirect_uri, other_code=code)
        for effect in effects:
            answer = effect.bend(answer)
        return answer


def _is_stale(session: Session, ask: Ask) -> bool:
    """Whether the person must authenticate again (OpenID Connect Core, section 3.1.2.1)."""
    if "login" in ask.prompt:
        return True
    return ask.max_age is not None and time.time() - session.auth_time > ask.max_age


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal():
        raise AskRefused("invalid_request", "max_age is not a number of seconds.")
    return int(text)
