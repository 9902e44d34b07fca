"""What keeps other sites out: a header that only our own script sends, and a policy for the page."""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN = "X-BFF"  # another site could send it only after a preflight, which nobody answers here
LONGEST = 1024 * 1024  # bytes of a body
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_own_script(request: Request) -> bool:
    """Whether a request comes from a script of our own page: it has the header, and is from no other site."""
    return request.headers.get(OWN) == "1" and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


async def body_of(request: Request) -> bytes:
    """Return the body. Raises HTTPException (413) if it is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise HTTPException(413)
    return body


class HeadersMiddleware:
    """Adds the policy to every answer, also to those of the API. Only files of the page are stored by anybody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-cache" if "ETag" in headers else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
