"""Bodies are read as the OpenAPI document describes them, whatever Python would accept."""

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.models import User
from api.inputs import Input
from api.json_body import StrictJson
from api.service import api
from authserver.scopes import ACCOUNT_WRITE
from tests.support.api import token_of
from tests.support.services import READ, clerk
from tests.tenancy.conftest import Town

NUL = rb"\u0000"


def read(body: bytes) -> Any:
    return StrictJson().parse_body(RequestFactory().post("/", body, content_type="application/json"))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"days": 30.0}', {"days": 30}),
        (b"[1e3, 1.5, -0.0]", [1000, 1.5, 0]),
        (rb'{"name": "\\u0000"}', {"name": r"\u0000"}),
        (rb'{"name": "\\\\u0000"}', {"name": r"\\u0000"}),
        ('{"name": "Zoë"}'.encode(), {"name": "Zoë"}),
    ],
)
def test_a_body_is_read(body: bytes, value: Any) -> None:
    found = read(body)

    assert found == value
    assert repr(found) == repr(value), "an integer stays one"


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a", "name": "b"}',
        b'[{"a": {"b": 1, "b": 1}}]',
        b"NaN",
        b'{"days": -Infinity}',
        b"1e999",
        b'"' + NUL + b'"',
        rb'{"name": "\\' + NUL + b'"}',
        b'{"' + NUL + b'": 1}',
        b'"\x00"',
        '{"name": "a"}'.encode("utf-16"),
        b"\xff",
        b"9" * 5000,
    ],
)
def test_a_body_that_has_no_one_meaning_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(body)


def test_every_body_refuses_unknown_fields_and_other_types() -> None:
    operations = [
        operation
        for router in api._get_bound_routers()  # noqa: SLF001  # as in api.operations
        for view in router.path_operations.values()
        for operation in view.operations
    ]
    bodies: list[Any] = [
        field.annotation
        for operation in operations
        for model in operation.models
        if model.__ninja_param_source__ == "body"
        for field in model.model_fields.values()
    ]

    assert len(bodies) > 5
    assert [one for one in bodies if not issubclass(one, Input)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b'{"name": "Eve", "name": "Ada"}', b'{"name": "' + NUL + b'"}', b'{"name": NaN}'])
def test_the_problem_says_that_it_cannot_be_read(town: Town, client: Any, body: bytes) -> None:
    ada = clerk(town.a.tenant, READ, name="Ada")
    headers = token_of(ada, ACCOUNT_WRITE)
    answer = client.patch("/api/v1/me", body, content_type="application/json", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert User.objects.get(pk=ada.pk).name == "Ada"
