"""The adapters for Starlette, FastAPI and Django. The tokens and the issuer's keys are real."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncRequestFactory, RequestFactory
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from tests.clients.local_issuer import API, LocalIssuer
from vestibule_verify import AccessToken, InsufficientScope, requires
from vestibule_verify import django as for_django
from vestibule_verify import starlette as for_starlette
from vestibule_verify.fastapi import VestibuleBearer

ONE = "5d3f2f5e-0000-4c1e-9a51-6f5f3f3a1c22"
WELL_KNOWN = "/.well-known/oauth-protected-resource/api"


def auth(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True)
class Caller:
    """Calls an application in this process, without a server."""

    app: ASGIApp

    def get(self, path: str, headers: Any = None) -> httpx.Response:
        async def call() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://back.end") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(call())

    def connect(self, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
        """Open a websocket, and return what the application sends."""
        sent: list[dict[str, Any]] = []
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": raw}

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))  # type: ignore[arg-type]  # it is a coroutine
        return sent


# Starlette


@for_starlette.guarded(requires(scope="books:read"))
async def books(_request: Request) -> Response:
    return JSONResponse(["one"])


@for_starlette.guarded(requires(org_role="owner"), tenant_from="tenant")
async def tenant(_request: Request) -> Response:
    return JSONResponse("in")


async def whole(request: Request) -> Response:
    return PlainTextResponse(for_starlette.token_of(request).subject)


async def checks_itself(request: Request) -> Response:
    requires(role="admin").check(for_starlette.token_of(request))
    return PlainTextResponse("in")


async def begins(request: Request) -> Response:
    async def body() -> Any:
        yield b"begun"
        requires(role="admin").check(for_starlette.token_of(request))

    return StreamingResponse(body())


async def speaks(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(for_starlette.token_of(socket).subject)
    await socket.close()


@pytest.fixture
def star(issuer: LocalIssuer) -> Caller:
    verifier = issuer.verifier()
    app = Starlette(
        routes=[
            for_starlette.metadata_route(verifier),
            Route("/", whole),
            Route("/health", lambda _request: PlainTextResponse("well")),
            Route("/books", books),
            Route("/tenants/{tenant}", tenant),
            Route("/admin", checks_itself),
            Route("/begins", begins),
            WebSocketRoute("/speaks", speaks),
        ],
        middleware=[Middleware(for_starlette.AccessTokenMiddleware, verifier, public=["/health"])],
    )
    return Caller(app)


def test_starlettes_middleware_requires_a_token_for_all_but_public_paths(star: Caller, issuer: LocalIssuer) -> None:
    for path in ("/", "/books", "/nothing", "/health/", "//health", "/health%2f"):
        assert star.get(path).status_code == 401
    assert star.get("/health").text == "well"
    assert star.get("/", headers=auth(issuer.token(sub="somebody"))).text == "somebody"
    assert star.get("/nothing", headers=auth(issuer.token())).status_code == 404


def test_starlettes_endpoints_require_more(star: Caller, issuer: LocalIssuer) -> None:
    owner = issuer.token(tenant_id=ONE, org_role="owner", organization_ids=[ONE])

    assert star.get("/books", headers=auth(issuer.token(scope="books:read"))).json() == ["one"]
    assert star.get("/books", headers=auth(owner)).status_code == 403
    assert star.get(f"/tenants/{ONE}", headers=auth(owner)).json() == "in"
    assert star.get("/tenants/another", headers=auth(owner)).status_code == 403
    assert star.get("/admin", headers=auth(owner)).json()["error"] == "insufficient_scope"
    assert star.get("/admin", headers=auth(issuer.token(role="admin"))).text == "in"
    with pytest.raises(InsufficientScope):
        star.get("/begins", headers=auth(owner))


def test_two_headers_are_refused_by_starlette(star: Caller, issuer: LocalIssuer) -> None:
    header = ("Authorization", f"Bearer {issuer.token()}")
    assert star.get("/", headers=[header, header]).json()["error"] == "invalid_request"
    assert star.get("/", headers=[header, ("Authorization", "Basic eA==")]).status_code == 400


def test_a_websocket_needs_a_token_too(star: Caller, issuer: LocalIssuer) -> None:
    sent = star.connect("/speaks", auth(issuer.token(sub="somebody")))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert sent[1]["text"] == "somebody"
    assert star.connect("/speaks", {}) == [{"type": "websocket.close", "code": 1008, "reason": ""}]


def test_starlette_serves_the_metadata_to_everybody(star: Caller, issuer: LocalIssuer) -> None:
    answer = star.get(WELL_KNOWN)
    assert answer.json()["authorization_servers"] == [issuer.url]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


# FastAPI


@pytest.fixture
def fast(issuer: LocalIssuer) -> Caller:
    bearer = VestibuleBearer(issuer.verifier())
    readers = bearer.requires(scope="books:read")
    owners = readers.requires(org_role="owner", tenant_from="tenant")
    app = FastAPI()
    bearer.install(app)

    @app.get("/me")
    async def me(token: AccessToken = Depends(bearer)) -> str:  # noqa: B008  # FastAPI's way
        return token.subject

    @app.get("/threads")
    def in_a_thread(token: AccessToken = Depends(readers)) -> str:  # noqa: B008
        return requires(role="admin").check(token).subject

    @app.get("/tenants/{tenant}", dependencies=[Depends(owners)])
    async def owned(tenant: str) -> str:
        return tenant

    return Caller(app)


def test_fastapis_dependency_gives_the_token_and_guards_combine(fast: Caller, issuer: LocalIssuer) -> None:
    owner: dict[str, Any] = {"tenant_id": ONE, "org_role": "owner", "organization_ids": [ONE]}

    assert fast.get("/me").status_code == 401
    assert fast.get("/me", headers=auth(issuer.token(sub="somebody"))).json() == "somebody"
    assert fast.get("/threads", headers=auth(issuer.token(scope="books:read"))).status_code == 403
    assert fast.get("/threads", headers=auth(issuer.token(scope="books:read", role="admin"))).status_code == 200
    assert fast.get(f"/tenants/{ONE}", headers=auth(issuer.token(scope="books:read", **owner))).json() == ONE
    assert fast.get("/tenants/x", headers=auth(issuer.token(scope="books:read", **owner))).status_code == 403
    assert 'scope="books:read"' in fast.get("/threads").headers["WWW-Authenticate"]


def test_the_openapi_document_shows_the_scheme_and_the_metadata_are_served(fast: Caller) -> None:
    document = fast.get("/openapi.json").json()

    assert document["components"]["securitySchemes"]["Vestibule"]["scheme"] == "bearer"
    assert document["paths"]["/me"]["get"]["security"] == [{"Vestibule": []}]
    assert fast.get(WELL_KNOWN).json()["resource"] == API


# Django


@pytest.fixture
def _django(issuer: LocalIssuer, settings: Any) -> Iterator[None]:
    settings.VESTIBULE_VERIFY = {"issuer": issuer.url, "audience": API, "public": ["/health"]}
    for_django.verifier.cache_clear()
    yield
    for_django.verifier.cache_clear()


@for_django.protected(requires(scope="books:read"))
def books_view(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"subject": for_django.token_of(request).subject})


@for_django.protected(requires(org_role="owner"), tenant_from="tenant")
def tenant_view(_request: HttpRequest, tenant: str) -> HttpResponse:
    return HttpResponse(tenant)


@for_django.protected()
async def waiting_view(request: HttpRequest) -> HttpResponse:
    requires(scope="books:read").check(for_django.token_of(request))
    return HttpResponse("in")


def ask(view: Any, token: str = "", path: str = "/", **arguments: str) -> HttpResponse:
    headers = auth(token) if token else {}
    found: HttpResponse = view(RequestFactory().post(path, headers=headers), **arguments)
    return found


@pytest.mark.usefixtures("_django")
def test_djangos_decorator_requires_a_token_and_needs_no_cookie(issuer: LocalIssuer) -> None:
    reader, owner = issuer.token(scope="books:read", sub="somebody"), issuer.token(tenant_id=ONE, org_role="owner")

    assert json.loads(ask(books_view, reader).content) == {"subject": "somebody"}
    assert ask(books_view).status_code == 401
    assert 'resource_metadata="https://harbour.example' in ask(books_view).headers["WWW-Authenticate"]
    assert ask(books_view, owner).status_code == 403
    assert ask(tenant_view, owner, tenant=ONE).content == ONE.encode()
    assert ask(tenant_view, owner, tenant="another").status_code == 403
    assert ask(books_view, reader, "/?access_token=x").status_code == 400
    assert vars(books_view)["csrf_exempt"] is True


@pytest.mark.usefixtures("_django")
def test_djangos_decorator_waits_for_nothing_in_an_async_view(issuer: LocalIssuer) -> None:
    async def status(headers: dict[str, str]) -> int:
        answer: HttpResponse = await waiting_view(AsyncRequestFactory().get("/", headers=headers))
        return answer.status_code

    assert asyncio.run(status(auth(issuer.token(scope="books:read")))) == 200
    assert asyncio.run(status(auth(issuer.token(scope="x")))) == 403
    assert asyncio.run(status({})) == 401
    assert vars(waiting_view)["csrf_exempt"] is True


@pytest.mark.usefixtures("_django")
def test_djangos_middleware_protects_every_path_but_public_ones(issuer: LocalIssuer) -> None:
    middleware = for_django.AccessTokenMiddleware(lambda request: HttpResponse(for_django.KEY in vars(request)))
    good = issuer.token()

    assert ask(middleware, good).content == b"True"
    assert ask(middleware, "", "/health").content == b"False"
    assert ask(middleware, "", WELL_KNOWN).status_code == 200
    assert [ask(middleware, "", path).status_code for path in ("/", "/health/", "/healthy")] == [401] * 3

    async def answer(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    waiting = for_django.AccessTokenMiddleware(answer)

    async def status(headers: dict[str, str]) -> int:
        found: Any = await waiting(AsyncRequestFactory().get("/", headers=headers))  # type: ignore[misc]  # it is async
        return int(found.status_code)

    assert (asyncio.run(status(auth(good))), asyncio.run(status({}))) == (200, 401)


@pytest.mark.usefixtures("_django")
def test_djangos_middleware_answers_what_a_view_refuses(issuer: LocalIssuer) -> None:
    middleware = for_django.AccessTokenMiddleware(lambda _request: HttpResponse())
    with pytest.raises(InsufficientScope) as refused:
        requires(scope="x").check(issuer.verifier().verify_token(issuer.token()))
    request = RequestFactory().get("/")

    answer = middleware.process_exception(request, refused.value)

    assert answer is not None
    assert answer.status_code == 403
    assert middleware.process_exception(request, ValueError()) is None


@pytest.mark.usefixtures("_django")
def test_django_serves_the_metadata() -> None:
    url = for_django.metadata_url()
    match = url.resolve(WELL_KNOWN.removeprefix("/"))

    assert match is not None
    assert json.loads(match.func(RequestFactory().get(WELL_KNOWN)).content)["resource"] == API
    assert match.func(RequestFactory().post(WELL_KNOWN)).status_code == 405
