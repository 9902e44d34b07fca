"""Requests that the server refuses before Django sees them: with a page in our design and a line in our log."""

import logging
import time
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus

from csp.utils import build_policy
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.http import http_date
from gunicorn.http import errors

logger = logging.getLogger(__name__)


class RequestTooSlow(errors.ParseException):  # type: ignore[misc]  # a library without types, as in the next three
    """The request did not arrive in time."""


class BodyTooLarge(errors.ParseException):  # type: ignore[misc]
    """The body is longer than the product accepts."""


class RepeatedCertificate(errors.ParseException):  # type: ignore[misc]
    """A header about the client's certificate is there twice: joined, they could be the name of another client."""


class Overloaded(errors.ParseException):  # type: ignore[misc]
    """Too many complete requests wait for a thread, or their bodies are too long together."""


STATUSES: dict[type[Exception], HTTPStatus] = {
    RequestTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ConfigurationProblem: HTTPStatus.INTERNAL_SERVER_ERROR,
}
PAGES = {400: "400", 408: "408", 413: "413", 414: "414", 431: "414", 417: "400", 500: "500", 501: "400", 503: "503"}


def status_of(refused: Exception) -> HTTPStatus:
    for kind, status in STATUSES.items():
        if isinstance(refused, kind):
            return status
    is_the_clients = isinstance(refused, errors.ParseException | errors.NoMoreData)
    return HTTPStatus.BAD_REQUEST if is_the_clients else HTTPStatus.INTERNAL_SERVER_ERROR


def answer(status: HTTPStatus, *, with_body: bool = True) -> bytes:
    """Return the complete response. It does not name the server software."""
    head, body = _answer(status)
    return b"%bDate: %b\r\n\r\n%b" % (head, http_date().encode(), body if with_body else b"")


@cache
def _answer(status: HTTPStatus) -> tuple[bytes, bytes]:
    with translation.override(settings.LANGUAGE_CODE):
        body = render_to_string(f"{PAGES[status]}.html").encode()
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in _headers().items())]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append("Retry-After: 5")
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", ""]).encode(), body


def _headers() -> dict[str, str]:
    """The headers that SecurityMiddleware and other middleware set on every page of the product."""
    transport = {"Strict-Transport-Security": f"max-age={settings.SECURE_HSTS_SECONDS}"}
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": settings.LANGUAGE_CODE,
        "Cache-Control": "no-store",
        "Connection": "close",
        "Content-Security-Policy": build_policy(),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        **(transport if settings.SECURE_HSTS_SECONDS else {}),
    }


@dataclass
class RefusalLog:
    """Logs refusals. Anyone can cause them, so each reason gets a few lines per window, and then a count."""

    most: int = 20
    window: float = 10.0  # seconds
    _windows: dict[str, tuple[float, int]] = field(default_factory=dict)

    def write(self, reason: str, *, status: int, ip: str) -> None:
        """The line contains nothing that the client sent: headers contain secrets, and may contain line breaks."""
        began, lines = self._windows.get(reason, (0.0, 0))
        if time.monotonic() - began >= self.window:
            if lines > self.most:
                logger.warning("refused besides: reason=%s times=%s", reason, lines - self.most)
            began, lines = time.monotonic(), 0
        self._windows[reason] = (began, lines + 1)
        if lines < self.most:
            logger.warning("refused by the server: reason=%s status=%s address=%s", reason, status, ip)


def reason_of(refused: Exception) -> str:
    """Return the exception's name in the form of our other reasons: ``limit_request_line``."""
    name = type(refused).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
