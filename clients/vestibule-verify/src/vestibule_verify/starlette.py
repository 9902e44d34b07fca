"""For Starlette: a middleware that requires an access token, guards for single endpoints, and the metadata's route."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from starlette.datastructures import URL
from starlette.requests import HTTPConnection
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vestibule_verify.errors import AccessRefused
from vestibule_verify.guards import Guard
from vestibule_verify.tokens import AccessToken
from vestibule_verify.verifier import Verifier

KEY = "vestibule_verify.access_token"  # in the scope of a request
REFUSED_BY_POLICY = 1008  # RFC 6455, section 7.4.1
Endpoint = Callable[[StarletteRequest], Awaitable[Response]]


@dataclass(frozen=True)
class AsgiRequest:
    """A request of ASGI. Its headers are read as they came, because Starlette returns the first of two."""

    scope: Scope

    @property
    def method(self) -> str:
        return str(self.scope.get("method", "GET"))

    @property
    def url(self) -> str:
        return str(URL(scope=self.scope))

    @property
    def query(self) -> str:
        return bytes(self.scope["query_string"]).decode("latin-1")

    def values(self, header: str) -> Sequence[str]:
        wanted = header.encode()
        return [value.decode("latin-1") for name, value in self.scope["headers"] if name == wanted]


class AccessTokenMiddleware:
    """Requires an access token for every path, but for the metadata and the paths that are ``public``, exactly.

    It also answers refusals that endpoints raise. ``token_of`` returns the token.
    """

    def __init__(self, app: ASGIApp, verifier: Verifier, *, public: Collection[str] = ()) -> None:
        self.app, self.verifier = app, verifier
        self._public = frozenset(public) | {verifier.metadata_path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def noted(message: Any) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            if scope["path"] not in self._public:
                scope[KEY] = await self.verifier.verify_async(AsgiRequest(scope))
            await self.app(scope, receive, noted)
        except AccessRefused as refused:
            if has_begun:
                raise
            await _refuse(refused, scope, receive, send)


def token_of(request: HTTPConnection) -> AccessToken:
    """Return the access token of a request that came through the middleware. Raises KeyError at public paths."""
    token: AccessToken = request.scope[KEY]
    return token


def guarded(guard: Guard, *, tenant_from: str = "") -> Callable[[Endpoint], Endpoint]:
    """Let an endpoint require more of the token. ``tenant_from`` names the parameter of the path that is a tenant."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def checked(request: StarletteRequest) -> Response:
            with_tenant(guard, tenant_from, request.path_params).check(token_of(request))
            return await endpoint(request)

        return checked

    return decorate


def with_tenant(guard: Guard, tenant_from: str, parameters: Any) -> Guard:
    """Return the guard for the tenant that a request's path names. Raises KeyError for a path without it."""
    if not tenant_from:
        return guard
    return guard.in_tenant(str(parameters[tenant_from]))


def metadata_route(verifier: Verifier) -> Route:
    """Return the route of the metadata (RFC 9728)."""

    async def answer(_request: StarletteRequest) -> Response:
        return JSONResponse(verifier.metadata(), headers={"Access-Control-Allow-Origin": "*"})

    return Route(verifier.metadata_path, answer, methods=["GET"], include_in_schema=False)


def response_to(refused: AccessRefused) -> Response:
    return JSONResponse(refused.as_json(), status_code=refused.status, headers=dict(refused.headers))


async def _refuse(refused: AccessRefused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": REFUSED_BY_POLICY, "reason": refused.code})
    else:
        await response_to(refused)(scope, receive, send)
