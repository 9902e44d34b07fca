"""Refusals of the API have one shape: what is missing, and nothing else."""

import json

import pytest
from django.db import InterfaceError, OperationalError
from django.test import RequestFactory
from ninja.errors import ValidationError
from redis.exceptions import RedisError

from api.service import api

REQUEST = RequestFactory().get("/api/v1/me")


@pytest.mark.parametrize("outage", [OperationalError("a secret address"), InterfaceError(), RedisError()])
def test_an_outage_says_when_to_try_again_and_no_more(outage: Exception) -> None:
    answer = api.on_exception(REQUEST, outage)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert json.loads(answer.content).keys() == {"error", "message", "fields"}
    assert b"secret" not in answer.content


def test_what_is_not_of_the_documented_form_is_named_without_its_value() -> None:
    wrong = ValidationError([{"loc": ("query", "page"), "msg": "a number", "input": "canary"}])
    answer = api.on_exception(REQUEST, wrong)

    assert answer.status_code == 422
    problem = json.loads(answer.content)
    assert (problem["error"], problem["fields"]) == ("invalid_request", ["query.page"])
    assert b"canary" not in answer.content
