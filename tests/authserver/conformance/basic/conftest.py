"""The modules of the basic plan, each a second time for the form post plan: the answer comes as a form there."""

import pytest


@pytest.fixture(params=[pytest.param("query", id="basic"), pytest.param("form_post", id="formpost-basic")])
def response_mode(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found
