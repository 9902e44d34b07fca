"""What ninja does not know of the OpenAPI document: credentials, what operations require, and problem documents."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from api import problems
from api.operations import words_of
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
FAULTS: Mapping[int, list[Mapping[str, str]]] = {422: [{"field": "body.wanted.name", "message": "Field required"}]}
UNAUTHORIZED = 401


def complete(schema: dict[str, Any], requirements: Mapping[str, Requirement]) -> None:
    """Add all of this to the document."""
    schema["components"]["securitySchemes"] = SECURITY
    schema["security"] = [{name: []} for name in SECURITY]
    for address, methods in schema["paths"].items():
        for method, operation in methods.items():
            operation["x-requires"] = words_of(requirements[f"{method.upper()} {address}"])
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "content" in answer:
                    answer["content"] = _problem(int(status), answer["content"]["application/json"])


def _problem(status: int, content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a response with a problem document, with an example."""
    kind = problems.INVALID_CREDENTIAL if status == UNAUTHORIZED else problems.BY_STATUS[status]
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
    return {problems.MEDIA_TYPE: {**content, "example": example}}
