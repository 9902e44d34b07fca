"""The pages about the API, for the people who write programs: its operations, and its kinds of problems."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.organizations.middleware import without_tenant
from api.links import resolved
from api.problems import KINDS, MEDIA_TYPE
from api.service import api

Schema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """A field of a request or of a response, a parameter or a header."""

    name: str
    kind: str
    is_required: bool


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """A response by its status; ``code`` is that of its problem document."""

    status: str
    words: str
    code: str


@dataclass(frozen=True, kw_only=True)
class OperationEntry:
    """An operation as the page shows it. ``requires`` are words such as ``scope account:read``.

    ``examples`` are what is sent, if anything is, and what is returned, as JSON.
    """

    name: str
    method: str
    path: str
    description: str
    requires: list[str]
    parameters: list[FieldRow]
    sent: list[FieldRow]
    returned: list[FieldRow]
    examples: list[str]
    answers: list[AnswerRow]


@require_safe
@without_tenant
def documentation(request: HttpRequest) -> HttpResponse:
    """Show every operation. It is public, as the OpenAPI document is, and needs neither database nor session."""
    return render(None, "api/documentation.html", {"groups": _groups()})


@require_safe
@without_tenant
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """Explain a kind of problem to a person who reads a log. It needs neither database nor session."""
    if code not in KINDS:
        raise Http404
    return render(None, "api/problem.html", {"problem": KINDS[code]})


def described() -> dict[str, str]:
    """Return the first sentence about each operation, by method and address."""
    return {
        f"{entry.method} {entry.path}": entry.description.partition("\n")[0]
        for group in _groups().values()
        for entry in group
    }


@cache
def _groups() -> dict[str, list[OperationEntry]]:
    schema: Any = api.get_openapi_schema()
    found: dict[str, list[OperationEntry]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append(_entry(schema, method, path, operation))
    return found


def _entry(schema: Schema, method: str, path: str, operation: Schema) -> OperationEntry:
    answers = {status: resolved(schema, answer) for status, answer in operation["responses"].items()}
    best = next(answer for status, answer in answers.items() if int(status) < 400)
    return OperationEntry(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        description=operation.get("description", ""),
        requires=[_in_words(name, value) for name, value in operation["x-requires"].items()],
        parameters=list(_parameters(schema, operation)),
        sent=list(_fields(schema, operation.get("requestBody", {}))),
        returned=list(_fields(schema, best)),
        examples=[*_example(operation.get("requestBody", {})), *_example(best)],
        answers=[
            AnswerRow(status=str(status), words=answer["description"], code=_code(answer))
            for status, answer in sorted(answers.items(), key=lambda one: int(one[0]))
        ],
    )


def _example(body: Schema) -> Iterator[str]:
    content = body.get("content", {}).get("application/json", {})
    if "example" in content:
        yield json.dumps(content["example"], indent=2, ensure_ascii=False)


def _in_words(name: str, value: Any) -> str:
    if name == "own":
        return "kind person"  # as the decider says: nobody else has an account of their own
    if value is True:
        return name
    return f"{name} {', '.join(value) if isinstance(value, tuple) else value}"


def _code(answer: Schema) -> str:
    content = answer.get("content", {})
    return str(content[MEDIA_TYPE]["example"]["code"]) if MEDIA_TYPE in content else ""


def _parameters(schema: Schema, operation: Schema) -> Iterator[FieldRow]:
    """Yield the parameters of the query and the headers. The others are in the path already."""
    for one in operation.get("parameters", ()):
        if one["in"] != "path":
            kind = "header" if one["in"] == "header" else _kind(schema, one["schema"]).removesuffix(" or null")
            yield FieldRow(name=one["name"], kind=kind, is_required=one["required"])


def _fields(schema: Schema, body: Schema) -> Iterator[FieldRow]:
    """Yield the fields of a body, or of the elements of a list."""
    found = body.get("content", {}).get("application/json", {}).get("schema", {})
    model = resolved(schema, found.get("items", found))
    for name, value in model.get("properties", {}).items():
        yield FieldRow(name=name, kind=_kind(schema, value), is_required=name in model.get("required", ()))


def _kind(schema: Schema, value: Schema) -> str:
    """Return the type of a field in words, such as ``list of string``, ``uuid or null``."""
    if "anyOf" in value:
        return " or ".join(_kind(schema, one) for one in value["anyOf"])
    if "enum" in value:
        return " or ".join(json.dumps(one) for one in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(schema, value['items'])}"
    value = resolved(schema, value)
    return str(value.get("format") or value.get("type") or "any")
