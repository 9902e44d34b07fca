"""The OpenAPI document and the page that shows it: complete for every operation, public, and without any script."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser
from jsonschema_rs import validator_for

from api import examples, problems
from api.service import operations

DOCUMENT, PAGE = "/api/openapi.json", "/api/docs"


@pytest.fixture(scope="module")
def document() -> Any:
    answer: Any = Browser().get(DOCUMENT)
    assert answer.status_code == 200
    return answer.json()


def everything(document: Any) -> Iterator[tuple[str, str, Any]]:
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            yield address, method, operation


def test_every_operation_is_there_with_what_it_requires(document: Any) -> None:
    found = {f"{method.upper()} {address}": one for address, method, one in everything(document)}

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
    shared = document["components"]["responses"]
    for address, method, operation in everything(document):
        assert {"400", "401", "422", "429", "503"} <= operation["responses"].keys()
        assert ("404" in operation["responses"]) >= ("{" in address)
        assert ("403" in operation["responses"]) >= (method != "get")
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                name = answer["$ref"].removeprefix("#/components/responses/")
                [(media_type, content)] = shared[name]["content"].items()
                assert media_type == problems.MEDIA_TYPE
                assert content["example"]["code"] == name
                assert content["example"]["status"] == problems.KINDS[name].status == int(status)


def test_every_body_has_an_example_that_keeps_to_its_schema(document: Any) -> None:
    of_any_form = set()
    for address, method, operation in everything(document):
        answers = [answer for status, answer in operation["responses"].items() if int(status) < 300]
        for body in [operation.get("requestBody", {}), *answers]:
            if content := body.get("content", {}).get("application/json"):
                if "example" not in content:
                    of_any_form.add(f"{method} {address}")
                    continue
                whole = {**content["schema"], "components": document["components"]}
                assert not [*validator_for(whole).iter_errors(content["example"])]

    assert of_any_form == {"get /api/v1/me/export"}


def test_an_operation_is_named_by_its_address(document: Any) -> None:
    names = [one["operationId"] for _, _, one in everything(document)]

    assert len(names) == len({*names})
    assert document["paths"]["/api/v1/me/keys/{key_id}"]["delete"]["operationId"] == "delete_me_keys_key_id"


def test_a_field_without_an_example_is_found() -> None:
    with pytest.raises(examples.NoExample, match=r"Model\.strange"):
        examples.example_of({}, {"title": "Model", "properties": {"strange": {"type": "string"}}})


def test_what_lists_or_creates_links_to_what_can_be_done_with_one(document: Any) -> None:
    found = {one["operationId"]: f"{method} {address}" for address, method, one in everything(document)}
    links = {
        (f"{method} {address}", found[link["operationId"]]): link["parameters"]
        for address, method, one in everything(document)
        for answer in one["responses"].values()
        for link in answer.get("links", {}).values()
    }

    for (_, target), parameters in links.items():
        assert sorted(parameters) == sorted(re.findall(r"{(\w+)}", target))
    revoke = "delete /api/v1/me/keys/{key_id}"
    assert links["post /api/v1/me/keys", revoke] == {"key_id": "$response.body#/id"}
    assert links["get /api/v1/me/keys", revoke] == {"key_id": "$response.body#/0/id"}
    assert links["get /api/v1/tenants/{tenant_id}/members", "delete /api/v1/tenants/{tenant_id}/members/{user_id}"] == {
        "tenant_id": "$request.path.tenant_id",
        "user_id": "$response.body#/items/0/user_id",
    }


def test_the_page_shows_every_operation_and_needs_no_script() -> None:
    answer: Any = Browser().get(PAGE)
    text = answer.content.decode()

    assert answer.status_code == 200
    assert set(re.findall(r"<summary><code>([^<]+)</code>", text)) == operations().keys()
    assert "<script" not in text
    assert "style=" not in text


def test_the_page_shows_what_an_operation_takes_and_of_whom() -> None:
    text = re.sub(r"<[^>]+>", "", Browser().get(PAGE).content.decode())
    people, create = (text.partition(name)[2] for name in ("GET /api/v1/admin/users ", "POST /api/v1/me/keys "))

    assert "is_active boolean (optional)" in people.partition("Answers")[0]
    assert "user string (optional)" not in people.partition("Answers")[0]
    assert "Idempotency-Key header (optional)" in create.partition("Answers")[0]
    assert "kind person" in create.partition("You send")[0]


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
