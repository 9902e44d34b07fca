"""Every operation of the API with every kind of caller that must be refused. A new operation is tried by itself."""

import json
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from api.rights import Requirement
from api.service import operations
from audit.models import Entry
from authserver.models import CertificateName, ProfileClaim, ProfileValue, ServiceAccount
from tests.support.api import Headers, bearer, key, session_of, token_of
from tests.support.certificates import add
from tests.support.proven import proven
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


@pytest.fixture
def root(town: Town) -> User:
    """A superuser and owner of the first tenant, with the highest tier: they may do everything."""
    town.a.owner.is_superuser = True
    town.a.owner.save()
    claim = ProfileClaim.objects.create(name="tier", choices=["tier1", "tier2"], is_tier=True)
    ProfileValue.objects.create(claim=claim, user=town.a.owner, value="tier2")
    return User.objects.get(pk=town.a.owner.pk)  # their epoch has moved


def send(operation: str, headers: Headers, *, browser: Browser | None = None, tenant: object = NOBODY) -> Any:
    method, _, path = operation.partition(" ")
    address = re.sub(r"{[^}]+}", NOBODY, path.replace("{tenant_id}", str(tenant)))
    body = json.dumps({})
    return (browser or Browser(raise_request_exception=False)).generic(
        method, address, body, content_type="application/json", headers=dict(headers)
    )


def missing(answer: Any) -> set[str]:
    """Return what a refusal names as missing."""
    assert answer.status_code in {401, 403}, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    return {name for lack in answer.json()["missing"] for name in lack}


def that_require(word: str) -> list[str]:
    found = [name for name, wanted in operations().items() if getattr(wanted, word)]
    assert found
    return found


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


@pytest.mark.parametrize("operation", that_require("fresh"))
def test_whoever_may_do_everything_and_signed_in_long_ago_is_refused(operation: str, root: User, town: Town) -> None:
    assert missing(send(operation, {}, browser=session_of(root), tenant=town.a.tenant.pk)) == {"fresh"}


@pytest.mark.parametrize("operation", that_require("scope"))
def test_whoever_may_do_everything_needs_a_token_with_the_scope(operation: str, root: User, town: Town) -> None:
    where = town.a.tenant.pk if operations()[operation].tenant else None  # one for a tenant has the rights of the role
    header = token_of(root, tenant_id=where, auth_time=timezone.now(), acr="mfa")

    assert missing(send(operation, header, tenant=town.a.tenant.pk)) == {"scope"}


@pytest.mark.parametrize("operation", that_require("tenant"))
def test_whoever_may_do_everything_acts_in_one_tenant(operation: str, root: User, town: Town) -> None:
    assert missing(send(operation, {}, browser=proven(root), tenant=town.b.tenant.pk)) == {"tenant"}


@pytest.mark.parametrize("operation", that_require("role"))
def test_a_superusers_credential_for_one_tenant_has_no_role_on_the_site(operation: str, root: User, town: Town) -> None:
    where, scope = town.a.tenant.pk, operations()[operation].scope
    signed_in: dict[str, Any] = {"auth_time": timezone.now(), "acr": "mfa"}
    token = token_of(root, scope, **signed_in, tenant_id=where)

    for headers in (token, key(key_of_person(root, tenant_id=where).text)):
        assert "role" in missing(send(operation, headers))
    assert missing(send(operation, token, browser=proven(root))) == {"role"}
    assert send(operation, token_of(root, scope, **signed_in)).status_code in {404, 422}
    assert send(operation, {}, browser=proven(root)).status_code in {404, 422}


@pytest.mark.parametrize("operation", that_require("permission"))
def test_a_member_without_rights_is_refused(operation: str, town: Town) -> None:
    assert missing(send(operation, {}, browser=proven(town.a.member), tenant=town.a.tenant.pk)) == {"permission"}
