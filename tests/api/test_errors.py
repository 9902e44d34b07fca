"""Whatever goes wrong under /api/ is answered with a problem document that says what is missing, and no more."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client as Browser
from redis.exceptions import RedisError

from api import credentials, problems
from tests.support.api import ask, bearer

pytestmark = pytest.mark.django_db
ME = "/api/v1/me"


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    found: dict[str, Any] = answer.json()
    assert (found["status"], found["code"]) == (status, code)
    assert found["type"].endswith(f"/api/problems/{code}")
    assert found["instance"] == f"urn:uuid:{answer.headers['X-Request-ID']}"
    return found


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v1/", "/api/v1/me/", "/api/nothing", "/api/v2/me"])
def test_an_unknown_address_is_a_problem_too(path: str) -> None:
    problem(ask(path), 404, "not_found")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_another_method_is_told_which_ones_there_are(method: str) -> None:
    answer = getattr(Browser(raise_request_exception=False), method)(ME)

    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "PATCH"}


@pytest.mark.parametrize("outage", [OperationalError("canary"), InterfaceError("canary"), RedisError("canary")])
def test_an_outage_says_when_to_try_again_and_no_more(monkeypatch: pytest.MonkeyPatch, outage: Exception) -> None:
    _fail(monkeypatch, outage)
    answer = ask(ME, bearer("a"))

    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert b"canary" not in answer.content


def test_a_fault_of_ours_is_a_problem_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, RuntimeError("canary"))
    answer = ask(ME, bearer("a"))

    problem(answer, 500, "internal_error")
    assert b"canary" not in answer.content


def test_a_wrong_host_is_a_problem() -> None:
    problem(Browser(raise_request_exception=False).get(ME, headers={"Host": "elsewhere.example"}), 400, "malformed")


def test_each_kind_of_problem_has_one_code_and_one_status() -> None:
    assert all(code == kind.code and 400 <= kind.status < 600 for code, kind in problems.KINDS.items())
    assert all(kind.status == status for status, kind in problems.BY_STATUS.items())


def _fail(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    """Let the reading of tokens fail, as it does when a server of ours is away."""

    def away(_request: object) -> None:
        raise failure

    readers: tuple[Callable[..., Any], ...] = (away,)
    monkeypatch.setattr(credentials, "READERS", readers)
