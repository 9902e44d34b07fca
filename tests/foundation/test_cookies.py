"""Cookies of ours: set in one place, with all flags."""

import ast
from datetime import timedelta

import pytest
from django.http import HttpResponse

from config.variables import CHECKOUT
from foundation.cookies import cookie_name, delete_cookie, set_cookie
from tests.support.product import PACKAGES

CALLS = {"set_cookie", "set_signed_cookie", "delete_cookie"}
HERE = "foundation/cookies.py"


def calls_of_a_response(source: str) -> list[str]:
    """Return Django's ways to set a cookie that a module's text calls."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in CALLS]


@pytest.mark.slow
def test_one_module_sets_cookies() -> None:
    files = [file for package in PACKAGES for file in (CHECKOUT / package).rglob("*.py")]
    found = {str(file.relative_to(CHECKOUT)) for file in files if calls_of_a_response(file.read_text())}

    assert found == {HERE}


def test_another_way_would_be_found() -> None:
    assert calls_of_a_response("def f(r):\n    r.set_signed_cookie('a', 'b')\n") == ["set_signed_cookie"]


@pytest.mark.promise(35)
@pytest.mark.parametrize(("tls", "name"), [(True, "__Host-mark"), (False, "mark")])
def test_a_cookie_has_all_flags_and_goes_again(settings: object, tls: bool, name: str) -> None:  # noqa: FBT001
    settings.SESSION_COOKIE_SECURE = tls  # type: ignore[attr-defined]  # pytest-django's
    response = HttpResponse()
    set_cookie(response, cookie_name("mark"), "1", max_age=timedelta(minutes=1))
    morsel = response.cookies[name]

    assert morsel["httponly"] is True
    assert (morsel["samesite"], morsel["path"], morsel["domain"], morsel["max-age"]) == ("Lax", "/", "", 60)
    assert bool(morsel["secure"]) is tls

    delete_cookie(response, name)
    assert response.cookies[name]["max-age"] == 0
    assert bool(response.cookies[name]["secure"]) is tls
