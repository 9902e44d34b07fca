"""Requests of programs go a shorter way, with the same protection as pages (ADR 58)."""

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import URLPattern
from django.utils import translation

from accounts.models import User
from accounts.organizations.middleware import OPERATIONS
from api.service import operations
from authserver.urls import OAUTH, WELL_KNOWN
from config.for_programs import ENDPOINTS
from config.urls import urlpatterns
from tests.support.proven import sign_in

pytestmark = pytest.mark.django_db

LONG_WAY = "/accounts/register/"
SHORT_WAYS = ["/oauth/jwks", "/.well-known/openid-configuration", "/api/v1/me", "/api/v1/nothing"]
OF_PAGES = {"Vary", "Content-Language", "Set-Cookie", "Content-Type", "Content-Length", "Cache-Control"}
WITH_PAGES = {"/oauth/authorize", "/oauth/device", "/oauth/logout"}  # they need what pages need
OF_ONE = {"X-Request-ID", "WWW-Authenticate"}


def is_for_clients(pattern: URLPattern) -> bool:
    """Whether neither cookies nor tenants count for a view: ``authserver.protocol.responses.endpoint`` says so."""
    view: Any = pattern.callback
    return all(getattr(view, mark, False) for mark in ("csrf_exempt", "asks_without_tenant"))


def test_every_endpoint_of_clients_goes_the_shorter_way() -> None:
    known = [(f"/oauth/{pattern.pattern}", pattern) for pattern in OAUTH]
    known += [(f"/.well-known/{pattern.pattern}", pattern) for pattern in WELL_KNOWN]
    known += [(f"/{pattern.pattern}", pattern) for pattern in urlpatterns if isinstance(pattern, URLPattern)]
    found = {address for address, pattern in known if is_for_clients(pattern)}

    assert found - WITH_PAGES == ENDPOINTS


def test_every_operation_goes_the_shorter_way() -> None:
    assert all(name.split()[1].startswith(OPERATIONS) for name in operations())


@pytest.mark.parametrize("address", SHORT_WAYS)
@pytest.mark.parametrize("is_over_tls", [False, True])
def test_headers_for_browsers_are_those_of_pages(client: Client, address: str, *, is_over_tls: bool) -> None:
    with override_settings(SECURE_HSTS_SECONDS=31_536_000):
        client = Client()  # its middleware is built with that
        page = client.get(LONG_WAY, secure=is_over_tls)
        response = client.get(address, secure=is_over_tls)

    expected = {name: value for name, value in page.headers.items() if name not in OF_PAGES | OF_ONE}
    assert {"X-Frame-Options", "X-Content-Type-Options", "Content-Security-Policy"} <= expected.keys()
    assert ("Strict-Transport-Security" in expected) is is_over_tls
    assert {name: response.headers.get(name) for name in expected} == expected
    assert response.headers["Content-Length"] == str(len(response.content))
    assert "Cache-Control" in response.headers
    assert response.headers["X-Request-ID"]


@pytest.mark.parametrize("address", SHORT_WAYS)
def test_a_foreign_host_is_refused(client: Client, address: str) -> None:
    response = client.get(address, headers={"Host": "evil.example"})

    assert response.status_code == HTTPStatus.BAD_REQUEST
    is_problem = response.headers["Content-Type"].startswith("application/problem+json")
    assert is_problem is address.startswith(OPERATIONS)


def test_the_language_of_the_previous_page_does_not_reach_a_program(client: Client) -> None:
    with translation.override("de"):
        response = client.get("/api/v1/me")
        assert translation.get_language() == "en"
    assert "Content-Language" not in response.headers


def test_a_session_counts_for_operations_and_not_at_endpoints(client: Client, django_assert_num_queries: Any) -> None:
    person = User.objects.create(email="ada@example.com")
    sign_in(client, person)
    assert client.get("/api/v1/me").json()["id"] == str(person.pk)

    with django_assert_num_queries(0):
        response = client.get("/oauth/userinfo")
    assert response.status_code == HTTPStatus.UNAUTHORIZED
    assert "Cookie" not in response.headers.get("Vary", "")
