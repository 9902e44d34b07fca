"""Every operation of the API with every kind of caller that must be refused. A new operation is tried by itself."""

import json
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from api.rights import Requirement
from api.service import operations
from audit.models import Entry
from authserver.models import CertificateName, ServiceAccount
from tests.support.api import Headers, bearer, key, token_of
from tests.support.certificates import add
from tests.support.services import READ, clerk, key_of_person, key_of_service, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
CERTIFICATE = "X-Client-Cert-DN"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    settings.CLIENT_CERTIFICATE_HEADER = CERTIFICATE


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


def send(operation: str, headers: Headers) -> Any:
    method, _, path = operation.partition(" ")
    address = re.sub(r"{[^}]+}", NOBODY, path)
    body = json.dumps({})
    return Browser(raise_request_exception=False).generic(
        method, address, body, content_type="application/json", headers=dict(headers)
    )


def refused(operation: str, headers: Headers, statuses: set[int]) -> None:
    answer = send(operation, headers)

    assert answer.status_code in statuses, (operation, answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json", operation
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer "), operation


@pytest.mark.parametrize("operation", operations())
def test_an_operation_refuses_whoever_has_no_valid_credential(operation: str, ada: User) -> None:
    for headers in ({}, bearer("nothing"), key("nothing"), {"Authorization": "Basic YTpi"}, {CERTIFICATE: "CN=nobody"}):
        refused(operation, headers, {401})


@pytest.mark.parametrize("operation", [name for name, wanted in operations().items() if wanted != Requirement()])
def test_an_operation_refuses_a_caller_without_what_it_requires(operation: str, ada: User, town: Town) -> None:
    before = Entry.objects.exclude(action="access.refused").filter(actor_id=str(ada.pk)).count
    callers: list[Callable[[], Headers]] = [
        lambda: token_of(ada),
        lambda: token_of(ada, READ, tenant_id=town.a.tenant.pk),
        lambda: key(key_of_person(ada, READ, tenant_id=town.a.tenant.pk).text),
        lambda: key(key_of_service(service(town.a.tenant, ada, READ)).text),
        lambda: _certificate_of(service(town.a.tenant, ada, READ, name="Build")),
    ]
    for caller in callers:
        headers = caller()
        written = before()
        refused(operation, headers, {401, 403})
        assert before() == written, "nothing but the refusal is written"


def _certificate_of(found: ServiceAccount) -> Headers:
    add(found, CertificateName.SUBJECT, "CN=build")
    return {CERTIFICATE: "CN=build"}
