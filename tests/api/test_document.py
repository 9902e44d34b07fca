"""The OpenAPI document and the page that shows it: complete for every operation, public, and without any script."""

import html
import re
from typing import Any

import pytest
from django.test import Client as Browser

from api import problems
from api.service import operations

DOCUMENT, PAGE = "/api/openapi.json", "/api/docs"


@pytest.fixture(scope="module")
def document() -> Any:
    answer: Any = Browser().get(DOCUMENT)
    assert answer.status_code == 200
    return answer.json()


def test_every_operation_is_there_with_what_it_requires(document: Any) -> None:
    found = {
        f"{method.upper()} {path}": one
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }

    assert document["openapi"].startswith("3.1")
    assert found.keys() == operations().keys()
    assert found["GET /api/v1/me/keys"]["x-requires"] == {"scope": "account:read", "own": True}
    assert found["POST /api/v1/me/keys"]["x-requires"] == {"fresh": 600, "own": True, "session": True}
    assert all(one["description"] for one in found.values())


def test_every_credential_is_there(document: Any) -> None:
    assert document["components"]["securitySchemes"].keys() == {
        "session",
        "accessToken",
        "apiKey",
        "clientCertificate",
    }
    assert document["security"] == [{"session": []}, {"accessToken": []}, {"apiKey": []}, {"clientCertificate": []}]


def test_every_error_is_a_problem_document_with_an_example(document: Any) -> None:
    kinds = {kind.code: kind.status for kind in problems.KINDS.values()}
    for methods in document["paths"].values():
        for operation in methods.values():
            assert {"401"} <= operation["responses"].keys()
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    [(media_type, content)] = answer["content"].items()
                    assert media_type == problems.MEDIA_TYPE
                    assert kinds[content["example"]["code"]] == content["example"]["status"] == int(status)


def test_the_page_shows_every_operation_and_needs_no_script() -> None:
    answer: Any = Browser().get(PAGE)
    text = answer.content.decode()

    assert answer.status_code == 200
    assert set(re.findall(r"<summary><code>([^<]+)</code>", text)) == operations().keys()
    assert "<script" not in text
    assert "style=" not in text


@pytest.mark.parametrize("kind", problems.KINDS.values(), ids=problems.KINDS)
def test_every_kind_of_problem_has_a_page(kind: problems.ProblemKind) -> None:
    answer: Any = Browser().get(kind.path)

    text = html.unescape(answer.content.decode())

    assert answer.status_code == 200
    assert kind.code in text
    assert str(kind.meaning) in text
    assert str(kind.remedy) in text


def test_an_unknown_kind_has_no_page() -> None:
    assert Browser().get("/api/problems/nothing").status_code == 404
