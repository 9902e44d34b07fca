"""Runs schemathesis over the OpenAPI document, in this process and without a network. What is written is undone."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.db import connections, transaction
from django.urls import Resolver404, resolve
from requests import Session
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.run import PhaseName, PhaseSkipReason
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.transport.wsgi import WSGITransport

from api.problems import MEDIA_TYPE
from config.wsgi import application
from tests.api.written import written

DOCUMENT = "/api/openapi.json"
RIGHT = "right"  # stands for the credential, which is renewed during long runs
RENEWED_AFTER = 240.0  # seconds, less than any of them lasts and than a sign-in counts as fresh
CSRF = "c" * 32
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
NUL = re.compile(r"\\u0000|%00")
UNDOCUMENTED = "The input is not in the documented form."


@dataclass(frozen=True)
class Place:
    """Where a request has its credential: the security scheme, how schemathesis is given it, and the WSGI variable.

    ``moved_to`` is another variable for what schemathesis cannot send: it sends something else in its place.
    """

    scheme: str
    option: str
    variable: str
    form: str
    moved_to: str = ""


SESSION = Place("session", "api_key", "HTTP_COOKIE", "sessionid={}")
TOKEN = Place("accessToken", "bearer", "HTTP_AUTHORIZATION", "Bearer {}")
KEY = Place("apiKey", "api_key", "HTTP_X_API_KEY", "{}")
CERTIFICATE = replace(KEY, moved_to="HTTP_X_CLIENT_CERT_DN")


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A kind of credential: where it is, and what gives a new one."""

    place: Place
    give: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is tried. Without a seed the examples are the same each time.

    ``enumerates``: every limit of the document is tried too, from both sides. ``tenant`` is the id of the caller's own.
    """

    examples: int
    seed: int | None
    enumerates: bool
    tenant: str


@schemathesis.check
def documented_form(_context: Any, response: Any, case: Any) -> None:
    """What the document allows may be refused for a reason that it cannot express, but not for its form.

    A text with NUL is refused everywhere, as the documentation says.
    """
    is_positive = case.meta is not None and case.meta.generation.mode.is_positive
    if is_positive and response.status_code in {400, 422} and not NUL.search(_sent(response.request)):
        assert response.status_code == 422, response.text
        assert response.json()["detail"] != UNDOCUMENTED, response.text


@schemathesis.check
def problem_document(_context: Any, response: Any, _case: Any) -> None:
    if response.status_code >= 400:
        assert response.headers["content-type"] == [MEDIA_TYPE], response.headers
        assert response.json()["status"] == response.status_code


def _sent(request: Any) -> str:
    body = request.body or b""
    return f"{request.url} {body.decode(errors='replace') if isinstance(body, bytes) else body}"


class Product:
    """The product as a WSGI application for the threads of schemathesis, in the transaction of the test.

    What a request writes is undone after it, or after the scenario to which it belongs. Each request comes from another
    address, because schemathesis also sends wrong credentials, and these are throttled by address.
    """

    def __init__(self, credential: Credential) -> None:
        self.credential, self.place = credential, credential.place
        self.connection = connections["default"]
        self.renewed_at = -RENEWED_AFTER
        self.text = ""
        self.savepoint: str | None = None
        self.is_scenario = False
        self.number = count()
        self.faults: list[str] = []
        self.answers: dict[str, Counter[int]] = defaultdict(Counter)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connections["default"] = self.connection
        if self.savepoint is None:
            self._begin()
        number = next(self.number)
        environ["REMOTE_ADDR"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self._present_credential(environ)
        response: Any = application(environ, start_response)
        content = [*response]
        response.close()
        self._note(environ, response.status_code)
        if not self.is_scenario:
            self.undo()
        return content

    def undo(self) -> None:
        """Undo everything since the beginning of the request or the scenario, in Redis too."""
        if self.savepoint is not None:
            transaction.savepoint_rollback(self.savepoint)
            self.savepoint = None
            cache.clear()

    def _begin(self) -> None:
        if time.monotonic() - self.renewed_at > RENEWED_AFTER:
            self.text, self.renewed_at = self.credential.give(), time.monotonic()
            self.before = written()
        self.savepoint = transaction.savepoint()

    def _present_credential(self, environ: dict[str, Any]) -> None:
        placeholder = self.place.form.format(RIGHT)
        if placeholder not in environ.get(self.place.variable, ""):
            return
        environ[self.place.variable] = environ[self.place.variable].replace(
            placeholder, self.place.form.format(self.text)
        )
        if self.place.moved_to:
            environ[self.place.moved_to] = environ.pop(self.place.variable)
        if self.place is SESSION:
            environ["HTTP_COOKIE"] += f"; csrftoken={CSRF}"
            environ["HTTP_X_CSRFTOKEN"] = CSRF

    def _note(self, environ: Mapping[str, Any], status: int) -> None:
        operation = f"{environ['REQUEST_METHOD']} {_address(environ['PATH_INFO'])}"
        self.answers[operation][status] += 1
        if status >= 400 and not self.is_scenario and (after := written()) != self.before:
            self.faults.append(f"{operation} {status} wrote {dict(after.items() - self.before.items())}")


def _address(path: str) -> str:
    """Return a path as the document names it, or nothing for one that leads nowhere."""
    try:
        return "/" + PARAMETER.sub(r"{\1}", resolve(path).route)
    except Resolver404:
        return ""


@contextmanager
def in_this_process(product: Product) -> Iterator[None]:
    """Let the threads of schemathesis call the product with the connection of the test."""
    send = WSGITransport.send

    def with_session(transport: Any, case: Any, *, session: Any = None, **more: Any) -> Any:
        """Without a session, schemathesis 4.32 hands its arguments to an application that does not know them."""
        return send(transport, case, session=session or Session(), **more)

    product.connection.inc_thread_sharing()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGITransport, "send", with_session)
        patch.setattr(APIStateMachine, "teardown", lambda _machine: product.undo())
        patch.setattr(product.connection, "close_if_unusable_or_obsolete", lambda: None)  # at the end of each request
        yield
    product.connection.dec_thread_sharing()


def run(product: Product, plan: Plan) -> list[str]:
    """Try every operation with right and wrong requests, alone and in sequences. Return what is wrong."""
    with in_this_process(product):
        config = schemathesis.Config.from_dict(_config(product.place, plan))
        schema = schemathesis.openapi.from_wsgi(DOCUMENT, product, config=config)
        found = [fault for event in from_schema(schema).execute() for fault in _faults(product, event)]
    return found + product.faults


def _config(place: Place, plan: Plan) -> dict[str, Any]:
    return {
        "seed": plan.seed or 0,
        "cache": {"enabled": False},
        "warnings": False,
        "continue-on-failure": True,
        "auth": {"openapi": {place.scheme: {place.option: RIGHT}}},
        "generation": {
            "max-examples": plan.examples,
            "deterministic": plan.seed is None,
            "database": "none",
            "with-security-parameters": False,
            "allow-extra-parameters": False,
        },
        "dictionaries": {"tenants": {"values": [plan.tenant]}},
        "parameters": {"path.tenant_id": {"dictionary": "tenants", "probability": 0.7}},
        "checks": {"positive_data_acceptance": {"enabled": False}},  # instead of ours
        "phases": {
            "coverage": {"enabled": plan.enumerates, "generate-duplicate-query-parameters": True},
            "fuzzing": {"error-feedback": {"enabled": False}},
        },
    }


def _faults(product: Product, event: Any) -> Iterator[str]:
    if isinstance(event, events.PhaseStarted):
        product.is_scenario = event.phase.name == PhaseName.STATEFUL_TESTING
    elif isinstance(event, events.PhaseFinished):
        if event.status == Status.SKIP and event.phase.skip_reason != PhaseSkipReason.DISABLED:
            yield f"nothing was tried: {event.phase.name}, {event.phase.skip_reason}"
    elif isinstance(event, events.FatalError):
        raise event.exception
    elif isinstance(event, events.NonFatalError):
        yield f"{event.label} ({event.phase}): {event.info}"
    elif isinstance(event, events.ScenarioFinished):
        for checks in event.recorder.checks.values():
            for failed in (check.failure_info for check in checks if check.failure_info):
                yield f"{event.label} ({event.phase}): {failed.failure}\n{failed.code_sample}"
