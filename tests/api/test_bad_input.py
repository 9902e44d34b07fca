"""Every operation with bad input: a problem document, and nothing is written. A new operation is tried by itself.

`test_schema.py` tries far more, by what the OpenAPI document says of each field.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from api import problems
from api.links import resolved
from api.service import api, operations
from tests.api.test_every_operation import NOBODY
from tests.api.test_schema import ada
from tests.api.written import written
from tests.support.api import Headers, bearer, key, token_of
from tests.support.proven import proven
from tests.support.services import READ, clerk, key_of_person
from tests.tenancy.conftest import Town

__all__ = ["ada"]
pytestmark = pytest.mark.django_db
QUERIES = ["nonsense=1", "%00=", "a=%00", "a=%ff", "a=%ed%a0%80", "limit=1&limit=2", "=" + "a" * 5_000]
BODIES = [b"", b"{", b"\xff", b"\x00", b"[" * 100_000, b"[]", b"null", b'"x"', b"1e999", b'{"nonsense": 1}']
LONG = "x" * 20_000
document = cache(api.get_openapi_schema)


@pytest.fixture
def browser(ada: User) -> Browser:
    return proven(ada, Browser(raise_request_exception=False))


def bodies(operation: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield bodies that nobody may send, if the operation has one."""
    if "requestBody" not in operation:
        return
    yield from BODIES
    media = operation["requestBody"]["content"]["application/json"]
    fields = resolved(document(), media["schema"])["properties"]
    wrong_ones: list[Any] = [{"a": [[]]}, [[]], LONG, 10**400]
    for wrong in wrong_ones:
        yield json.dumps(dict.fromkeys(fields, wrong)).encode()


def send(
    browser: Browser, name: str, town: Town, *, query: str = "", body: bytes = b"", headers: Headers | None = None
) -> Any:
    method, _, path = name.partition(" ")
    address = re.sub(r"{[^}]+}", NOBODY, path.replace("{tenant_id}", str(town.a.tenant.pk)))
    sent = {"content_type": "application/json", "headers": dict(headers or {})}
    return browser.generic(method, f"{address}?{query}", body, **sent)  # type: ignore[arg-type]


def is_refused(answer: Any, statuses: set[int]) -> bool:
    kind = problems.KINDS.get(answer.json()["code"])
    return (
        answer.status_code in statuses
        and answer.headers["Content-Type"] == problems.MEDIA_TYPE
        and kind is not None
        and kind.status == answer.status_code
    )


@pytest.mark.parametrize("name", operations())
def test_bad_input_is_refused_and_writes_nothing(name: str, town: Town, browser: Browser) -> None:
    method, _, path = name.partition(" ")
    operation = document()["paths"][path][method.lower()]
    before = written()

    for query in QUERIES:
        answer = send(browser, name, town, query=query)
        assert is_refused(answer, {400, 422}), (query, answer.content)
    for body in bodies(operation):
        answer = send(browser, name, town, body=body)
        assert is_refused(answer, {400, 422}), (body[:80], answer.content)
    assert written() == before


@pytest.mark.promise(72)
@pytest.mark.parametrize("name", operations())
def test_credentials_of_two_callers_are_refused_and_write_nothing(name: str, town: Town, browser: Browser) -> None:
    bob = clerk(town.a.tenant, READ, name="Bob")
    others = [token_of(bob, READ), key(key_of_person(bob, READ).text), key("nothing"), bearer("nothing")]
    before = written()

    for other in others:
        answer = send(browser, name, town, headers=other)
        assert is_refused(answer, {401}), answer.content
    assert written() == before
