"""The BFF's addresses. `python -m bff` serves them (README.md)."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from . import step_up
from .openid import Flow, OpenIDClient, Refused, Registration, Unavailable
from .sessions import Session, Sessions
from .shielding import HeadersMiddleware, body_of, is_own_script

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
FLOW_SECONDS = 600
EXPLAINED = {"access_denied", "unmet_authentication_requirements", "unavailable"}  # by the page; the rest is "lost"


class BFF:
    """``url`` is the BFF as browsers see it, ``api`` the back end that it calls for them."""

    def __init__(self, registration: Registration, *, url: str, api: str) -> None:
        self.client = OpenIDClient(registration)
        self.sessions = Sessions(self.client)
        self.url, self.api = url, api
        self.is_secure = url.startswith("https://")
        prefix = "__Host-" if self.is_secure else ""
        self.cookie, self.flow_cookie = f"{prefix}bff", f"{prefix}bff-flow"

    async def sign_in(self, request: Request) -> Response:
        """Begin a sign-in, also a stronger or newer one that an API has asked for, and remember where to return to."""
        session = self.session_of(request)
        place = step_up.local(request.query_params.get("return_to", "/"))
        flow = Flow(return_to=place, replaces=session.id if session else "")
        try:
            url = await self.client.authorize_url(flow, step_up.allowed(request.query_params))
        except (Unavailable, Refused):
            return RedirectResponse("/?problem=unavailable", 303)
        response = RedirectResponse(url, 303)
        self._set(response, self.flow_cookie, _packed(flow), strict=False, max_age=FLOW_SECONDS)
        return response

    async def callback(self, request: Request) -> Response:
        """Take Vestibule's answer, replace the session, and go on to where the person wanted to go."""
        try:
            flow = _unpacked(request.cookies.get(self.flow_cookie, ""))
            tokens = await self.client.redeem(flow, request.query_params)
        except Unavailable:
            return self._without_flow("/?problem=unavailable")
        except Refused as refused:
            problem = str(refused)
            return self._without_flow(f"/?problem={problem if problem in EXPLAINED else 'lost'}")
        if former := self.sessions.named(flow.replaces):
            await self._end(former)
        response = self._without_flow(step_up.local(flow.return_to))
        self._set(response, self.cookie, self.sessions.open(tokens), strict=True)
        return response

    async def me(self, request: Request) -> Response:
        """Say who is signed in, for the page: null for nobody."""
        session = self.session_of(request)
        names = ("name", "acr", "auth_time")
        person = {name: session.tokens.claims.get(name) for name in names} if session else None
        return JSONResponse({"person": person})

    async def sign_out(self, request: Request) -> Response:
        """End the session here, and say where the person ends that of Vestibule."""
        session = self.session_of(request)
        if session:
            await self._end(session)
        try:
            response = JSONResponse({"next": await self.client.sign_out_url(f"{self.url}/")})
        except (Unavailable, Refused):
            response = JSONResponse({"next": "/"})
        response.delete_cookie(self.cookie, secure=self.is_secure, httponly=True, samesite="strict")
        return response

    async def backchannel_logout(self, request: Request) -> Response:
        """Close the sessions whose session at Vestibule has ended."""
        token = parse_qs((await body_of(request)).decode("latin-1")).get("logout_token", [""])[0]
        try:
            self.sessions.close_ended(*await self.client.ended(token))
        except Refused as refused:
            return JSONResponse({"error": "invalid_request", "error_description": str(refused)}, 400)
        except Unavailable:
            return JSONResponse({"error": "temporarily_unavailable"}, 503)
        return Response(status_code=200)

    async def proxy(self, request: Request) -> Response:
        """Call the API with the person's access token. Of the request only method, path, query and body go on."""
        session = self.session_of(request)
        if session is None:
            return JSONResponse({"error": "signed_out"}, 401)
        body = await body_of(request)
        try:
            token = await self.sessions.access_token(session)
            answer = await self._call_api(request, token, body)
            if step_up.INVALID in answer.headers.get("WWW-Authenticate", ""):  # it was revoked, or its key withdrawn
                token = await self.sessions.access_token(session, unlike=token)
                answer = await self._call_api(request, token, body)
        except Refused:
            return JSONResponse({"error": "signed_out"}, 401)
        except (Unavailable, httpx.HTTPError):
            return JSONResponse({"error": "unavailable"}, 503)
        except httpx.InvalidURL:  # it has become too long
            return JSONResponse({"error": "invalid_request"}, 400)
        wanted = step_up.asked_by(answer.headers.get("WWW-Authenticate", ""))
        if wanted is not None:
            path = step_up.sign_in_path(wanted)
            return JSONResponse({"error": "insufficient_user_authentication", "sign_in": path}, 401)
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("Content-Type"))

    def session_of(self, request: Request) -> Session | None:
        return self.sessions.find(request.cookies.get(self.cookie, ""))

    async def _call_api(self, request: Request, token: str, body: bytes) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        headers |= {"Content-Type": request.headers["Content-Type"]} if "Content-Type" in request.headers else {}
        path, query = "/" + quote(request.path_params["path"]), request.url.query
        url = httpx.URL(self.api).copy_with(path=path, query=query.encode() or None)
        return await self.client.http.request(request.method, url, headers=headers, content=body)

    async def _end(self, session: Session) -> None:
        self.sessions.close(session)
        with suppress(Unavailable, Refused):
            await self.client.revoke(session.tokens)

    def _without_flow(self, place: str) -> Response:
        response = RedirectResponse(place, 303)
        response.delete_cookie(self.flow_cookie, secure=self.is_secure, httponly=True, samesite="lax")
        return response

    def _set(self, response: Response, name: str, value: str, *, strict: bool, max_age: int | None = None) -> None:
        """Set a cookie that no script reads. The one of a flow is lax, because its answer comes from another site."""
        same_site: Any = "strict" if strict else "lax"
        response.set_cookie(name, value, max_age=max_age, secure=self.is_secure, httponly=True, samesite=same_site)


def create_app(bff: BFF) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await bff.client.http.aclose()

    return Starlette(
        routes=[
            Route("/bff/sign-in", bff.sign_in),
            Route("/bff/callback", bff.callback),
            Route("/bff/me", _for_own_script(bff.me)),
            Route("/bff/sign-out", _for_own_script(bff.sign_out), methods=["POST"]),
            Route("/bff/backchannel-logout", bff.backchannel_logout, methods=["POST"]),
            Route("/api/{path:path}", _for_own_script(bff.proxy), methods=METHODS),
            Mount("/", StaticFiles(directory=Path(__file__).with_name("static"), html=True)),
        ],
        middleware=[Middleware(HeadersMiddleware)],
        lifespan=lifespan,
    )


def _for_own_script(
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        if not is_own_script(request):
            return JSONResponse({"error": "not_our_page"}, 403)
        return await handler(request)

    return guarded


def _packed(flow: Flow) -> str:
    return base64.urlsafe_b64encode(json.dumps(asdict(flow)).encode()).decode()


def _unpacked(cookie: str) -> Flow:
    """Return the flow in a cookie. Raises Refused."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cookie))
        return Flow(**{name: str(found[name]).encode().decode() for name in Flow.__dataclass_fields__})
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("no_flow") from None
