"""Dispatch each request to its endpoint: check the caller, apply the active fault, record the request."""

import json
import threading
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sandbox import pages
from sandbox.app import App
from sandbox.control import Control
from sandbox.faults import AnswerBend, DocumentBend, Stage
from sandbox.github import GitHub
from sandbox.google import Google
from sandbox.journal import Entry
from sandbox.keycloak import Keycloak
from sandbox.keys import attackers_key
from sandbox.microsoft import Microsoft
from sandbox.providers import Provider
from sandbox.routing import Endpoint, Routes
from sandbox.wire import Answer, Manner, RepeatedParameter, Request, json_answer
from sandbox.world import World

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
SILENT = frozenset({Manner.HANG, Manner.RESET, Manner.ENDLESS_CONTINUE})
NEVER = threading.Event()


@dataclass(frozen=True)
class Reply:
    """An answer, and the event that ends a slow one early."""

    answer: Answer
    ended: threading.Event = NEVER


class Reception:
    def __init__(self, world: World) -> None:
        self.world = world
        self._provider_routes: dict[Provider, Routes] = {
            player.provider: player.routes()
            for player in (Google(world), Microsoft(world), GitHub(world), Keycloak(world))
        }
        self._own_routes: Routes = (
            Control(world).routes()
            | App(world).routes()
            | {
                ("GET", "/style.css"): Endpoint("style", lambda _request: pages.stylesheet()),
                ("GET", "/portrait.svg"): Endpoint("portrait", lambda _request: pages.portrait()),
            }
        )

    def receive(self, request: Request) -> Reply:
        if not is_loopback(request.header("host")):
            return Reply(pages.problem("This sandbox answers to loopback names only.", 421))
        provider = _provider_in(request.path)
        if provider is None:
            return Reply(self._answered(self._own_routes, request))
        if request.path.startswith("/leak/"):
            return Reply(self._leaked(provider, request))
        return self._played(provider, request)

    def _played(self, provider: Provider, request: Request) -> Reply:
        routes = self._provider_routes[provider]
        endpoint = routes.get((request.method, request.path))
        active = self.world.active(provider)
        code_from = self._code_from(endpoint, request)
        answer = self._answered(routes, request)
        if endpoint is not None and endpoint.stage is not None:
            answer = self._spoilt(provider, endpoint.stage, answer)
        status = 0 if answer.manner in SILENT else answer.status
        name = endpoint.name if endpoint else "other"
        self.world.journal.note(Entry(provider, request.method, name, status, code_from))
        return Reply(answer, active.ended) if active else Reply(answer)

    def _answered(self, routes: Routes, request: Request) -> Answer:
        endpoint = routes.get((request.method, request.path))
        if endpoint is None:
            known = any(path == request.path for _method, path in routes)
            return pages.problem("There is no such page here.", 405 if known else 404)
        if endpoint.guarded and is_foreign(request):
            return pages.problem("This form was sent by another site.", 403)
        try:
            return endpoint.answer(request)
        except RepeatedParameter as repeated:
            text = f"{repeated} came more than once."
            return json_answer({"error": "invalid_request", "error_description": text}, 400)

    def _spoilt(self, provider: Provider, stage: Stage, answer: Answer) -> Answer:
        scene = self.world.scene(provider)
        for document_bend in self.world.effects(provider, DocumentBend):
            document = _document(answer) if document_bend.stage is stage else None
            if document is not None:
                bent = document_bend.bend(document, scene)
                answer = replace(answer, body=json.dumps(bent).encode())
        for answer_bend in self.world.effects(provider, AnswerBend):
            if answer_bend.stage is stage:
                answer = answer_bend.bend(answer, scene)
        return answer

    def _code_from(self, endpoint: Endpoint | None, request: Request) -> str:
        """Return the provider that issued the code, before it is redeemed. The code itself is not recorded."""
        if endpoint is None or endpoint.stage is not Stage.TOKEN:
            return ""
        try:
            code = request.form.get("code")
        except RepeatedParameter:
            return "unknown"
        return self.world.grants.issuer_of_code(code) if code is not None else ""

    def _leaked(self, provider: Provider, request: Request) -> Answer:
        """Answer as an attacker's server would, and record the request."""
        secret = self.world.client(provider).secret
        basic = request.basic_credentials or ("", "")
        came = secret in {basic[1], request.query.get("client_secret", "")}
        came = came or secret.encode() in request.body
        entry = Entry(provider, request.method, "leak", 200, secret_came=came)
        self.world.journal.note(entry)
        return json_answer({"keys": [attackers_key().public_jwk()]})


def is_loopback(host: str) -> bool:
    """Whether a Host header names loopback. A foreign name that resolves to this machine is DNS rebinding."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK_NAMES
    except ValueError:
        return False


def is_foreign(request: Request) -> bool:
    """Whether the browser's headers say that a page of another site sent this request."""
    origin, site = request.header("origin"), request.header("sec-fetch-site")
    if site and site not in {"same-origin", "none"}:
        return True
    return bool(origin) and origin != f"http://{request.header('host')}"


def _provider_in(path: str) -> Provider | None:
    parts = path.strip("/").split("/")
    name = parts[1] if parts[0] == "leak" and len(parts) > 1 else parts[0]
    return Provider(name) if name in set(Provider) else None


def _document(answer: Answer) -> dict[str, object] | None:
    if answer.status != 200 or answer.content_type != "application/json":
        return None
    document = json.loads(answer.body)
    return document if isinstance(document, dict) else None
