"""What ninja does not know of the OpenAPI document: credentials, requirements, problem documents, links, examples."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from api import examples, links, problems
from api.operations import words_of
from api.problems import ProblemKind
from api.rights import Requirement

SECURITY = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "The session of a browser. A method other than GET also needs the header X-CSRFToken.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of this site, in the header Authorization.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key of a person or a service.",
    },
    "clientCertificate": {
        "type": "mutualTLS",
        "description": "A client certificate of a service, where the site accepts them.",
    },
}
EXAMPLE = "urn:uuid:5f0c2f2e-6f5e-4c0c-9d3a-0b6f1f1d2c3b"  # of an instance
MISSING: Mapping[int, list[Mapping[str, Any]]] = {403: [{"scope": "account:write"}]}
FAULTS: Mapping[int, list[Mapping[str, str]]] = {422: [{"field": "body.name", "message": "Field required"}]}
HEADERS: Mapping[int, str] = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
ANYWHERE = frozenset({400, 401, 422, 429, 503})
STATUSES = frozenset(kind.status for kind in problems.KINDS.values())
UNAUTHORIZED = 401


def complete(schema: dict[str, Any], requirements: Mapping[str, Requirement]) -> None:
    """Add all of this to the document."""
    components = schema["components"]
    components["securitySchemes"] = SECURITY
    components["responses"] = {_name(status): _problem(status) for status in STATUSES}
    schema["security"] = [{name: []} for name in SECURITY]
    for address, methods in schema["paths"].items():
        for method, operation in methods.items():
            operation["operationId"] = _identifier(method, address)
            operation["x-requires"] = words_of(requirements[f"{method.upper()} {address}"])
            answers = operation["responses"]
            for status in {*STATUSES.intersection(answers), *_also(address, method, operation)}:
                answers[status] = {"$ref": f"#/components/responses/{_name(status)}"}
            operation["responses"] = dict(sorted(answers.items()))
    links.add(schema)
    examples.add(schema)


def _identifier(method: str, address: str) -> str:
    """Return the name of an operation for generated clients. It is its address, which does not change."""
    return "_".join([method, *re.findall(r"\w+", address.removeprefix("/api/v1").replace("-", "_"))])


def _also(address: str, method: str, operation: Mapping[str, Any]) -> Iterator[int]:
    """Yield the statuses of the problems that the operation does not declare, because others like it have them."""
    yield from ANYWHERE
    if operation["x-requires"] or method != "get":
        yield 403
    if method != "get":
        yield 409
    if "{" in address:
        yield 404
    if "requestBody" in operation:
        yield 413


def _name(status: int) -> str:
    return _kind(status).code


def _kind(status: int) -> ProblemKind:
    return problems.INVALID_CREDENTIAL if status == UNAUTHORIZED else problems.BY_STATUS[status]


def _problem(status: int) -> dict[str, Any]:
    """Return a response with a problem document, with an example and the header that it always has."""
    kind = _kind(status)
    example: dict[str, Any] = {
        "type": f"{settings.PUBLIC_URL}{kind.path}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
        "code": kind.code,
        "instance": EXAMPLE,
    }
    if status in MISSING:
        example["missing"] = MISSING[status]
    if status in FAULTS:
        example["errors"] = FAULTS[status]
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    found: dict[str, Any] = {"description": kind.title, "content": {problems.MEDIA_TYPE: content}}
    if status in HEADERS:
        found["headers"] = {HEADERS[status]: {"required": True, "schema": {"type": "string"}}}
    return found
