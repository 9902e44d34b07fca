"""Client certificates as credentials of the API, which a trusted proxy has verified.

The kind of fault: somebody acts as a service whose certificate they do not have, or one that has been stopped.
"""

import base64
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Membership, Role, User
from audit.models import Entry
from authserver.models import CertificateIdentity, CertificateName, Client, ServiceAccount
from authserver.services import accounts
from tenancy import site_context, tenant_context
from tests.api.test_credentials import ME, why_refused
from tests.support.api import bearer, key, session_of
from tests.support.authorized import App
from tests.support.certificates import Authority, add
from tests.support.oauth import basic, document, registered, token_request
from tests.support.services import READ, WRITE, clerk, key_of_person, key_of_service, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
PROXY, STRANGER = "10.0.0.1", "203.0.113.7"
BUILD = "CN=build,O=Engines,C=GB"
FORMS = pytest.mark.parametrize("header", ["Client-Cert", "X-Client-Cert-DN"])


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    settings.CLIENT_CERTIFICATE_HEADER = "X-Client-Cert-DN"


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, WRITE, name="Ada")


@pytest.fixture
def build(town: Town, ada: User) -> ServiceAccount:
    found = service(town.a.tenant, ada, READ)
    add(found, CertificateName.SUBJECT, BUILD)
    return found


def dn(subject: str = BUILD) -> dict[str, str]:
    return {"X-Client-Cert-DN": subject}


def client_cert(certificate: x509.Certificate) -> dict[str, str]:
    return {"Client-Cert": f":{base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()}:"}


def ask(headers: dict[str, str], *, method: str = "get", peer: str = PROXY, browser: Browser | None = None) -> Any:
    client = browser or Browser(raise_request_exception=False)
    forwarded = {"X-Forwarded-For": STRANGER, **headers}
    return getattr(client, method)(ME, headers=forwarded, REMOTE_ADDR=peer, content_type="application/json")


@FORMS
def test_a_certificate_is_its_service(header: str, build: ServiceAccount, town: Town, settings: Any) -> None:
    settings.CLIENT_CERTIFICATE_HEADER = header
    headers = dn() if header.endswith("DN") else client_cert(Authority().issue(BUILD))
    found = ask(headers).json()

    assert (found["kind"], found["id"], found["scopes"]) == ("service", str(build.pk), [READ])
    assert (found["tenant_id"], found["email"]) == (str(town.a.tenant.pk), None)


def test_a_certificate_may_have_any_name_of_the_service(build: ServiceAccount, settings: Any) -> None:
    settings.CLIENT_CERTIFICATE_HEADER = "Client-Cert"
    add(build, CertificateName.URI, "spiffe://engines.example/build")
    names = [x509.UniformResourceIdentifier("spiffe://engines.example/build")]

    assert ask(client_cert(Authority().issue("CN=other", names))).json()["id"] == str(build.pk)
    assert why_refused(ask(client_cert(Authority().issue("CN=other")))) == "certificate_unknown"


@pytest.mark.promise(71)
@pytest.mark.parametrize("peer", [STRANGER, "127.0.0.1"])
def test_nobody_else_can_send_it(peer: str, build: ServiceAccount) -> None:
    answer = ask(dn(), peer=peer)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "text", ["build", "CN=build, O=Engines", f"{BUILD},{BUILD}", "CN=other", "x" * 1_000_000, "\0"]
)
def test_a_header_that_is_no_service_is_refused(text: str, build: ServiceAccount) -> None:
    assert why_refused(ask(dn(text))).startswith("certificate_")


@pytest.mark.parametrize("text", [BUILD, ":AAAA:", "::", f":{'A' * 1_000_000}:"])
def test_client_cert_in_another_form_is_refused(text: str, build: ServiceAccount, settings: Any) -> None:
    settings.CLIENT_CERTIFICATE_HEADER = "Client-Cert"

    assert why_refused(ask({"Client-Cert": text})).startswith("certificate_")


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)])
def test_a_certificate_counts_in_its_time_alone(days: tuple[int, int], build: ServiceAccount, settings: Any) -> None:
    settings.CLIENT_CERTIFICATE_HEADER = "Client-Cert"

    assert why_refused(ask(client_cert(Authority().issue(BUILD, days=days)))) == "certificate_not_valid_now"


@pytest.mark.promise(31)
@pytest.mark.parametrize("what", ["stopped", "expired", "owner inactive", "owner left", "deleted", "another's"])
def test_whatever_stops_the_service_counts_at_the_next_request(
    what: str, build: ServiceAccount, ada: User, town: Town
) -> None:
    assert ask(dn()).status_code == 200
    with tenant_context(town.a.tenant.pk):
        if what == "stopped":
            build.is_active = False
            accounts.save(build)
        elif what == "expired":
            ServiceAccount.objects.filter(pk=build.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        elif what == "owner inactive":
            User.objects.filter(pk=ada.pk).update(is_active=False)
        elif what == "owner left":
            Membership.objects.filter(user=ada).delete()
        elif what == "deleted":
            build.delete()
        else:
            CertificateIdentity.objects.all().delete()

    assert why_refused(ask(dn()))


def test_a_service_may_at_once_do_no_more_than_its_owner(build: ServiceAccount, ada: User) -> None:
    with site_context("a test takes the scopes of a role"):
        Role.objects.filter(memberships__user=ada).update(scopes=[])

    assert ask(dn()).json()["scopes"] == []


@pytest.mark.promise(72)
def test_a_key_of_the_same_service_agrees(build: ServiceAccount, ada: User, town: Town) -> None:
    assert ask(dn() | key(key_of_service(build).text)).json()["id"] == str(build.pk)

    other = service(town.a.tenant, ada, READ, name="Another")
    for headers in (
        key(key_of_service(other).text),
        key(key_of_person(ada, READ, tenant_id=town.a.tenant.pk).text),
        bearer(App.registered().tokens(ada, tenant_id=town.a.tenant.pk)["access_token"]),
    ):
        assert why_refused(ask(dn() | headers)) == "another_caller"
    assert why_refused(ask(dn(), browser=session_of(ada))) == "another_caller"


@pytest.mark.promise(72)
def test_a_token_of_the_services_own_client_agrees(build: ServiceAccount, town: Town) -> None:
    client, secret = registered(tenant=town.a.tenant, scopes=[READ])
    fields = {"grant_type": "client_credentials", "scope": READ}
    with tenant_context(town.a.tenant.pk):
        Client.objects.filter(pk=client.pk).update(service=build)
    token = bearer(document(token_request(Browser(), fields, basic(client.client_id, secret)))["access_token"])

    assert ask(dn() | token).json()["id"] == str(build.pk)
    assert ask(token).json()["id"] == str(build.pk)


@pytest.mark.promise(72)
def test_a_certificate_that_is_no_service_spoils_a_good_key(build: ServiceAccount) -> None:
    good = key(key_of_service(build).text)

    assert ask(good).status_code == 200
    assert why_refused(ask(dn("CN=other") | good)) == "certificate_unknown"
    assert why_refused(ask(dn("build") | good)) == "certificate_malformed"
    assert why_refused(ask(dn() | key("nothing"))) == "key_malformed"


def test_a_page_cannot_use_the_certificate_of_a_browser(build: ServiceAccount) -> None:
    answer = ask(dn() | {"Origin": "https://evil.example"}, method="patch")

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert ask(dn(), method="patch").json()["code"] == "forbidden", "a program may ask, and lacks the person"


@pytest.mark.usefixtures("_three_a_minute")
def test_a_certificate_that_asks_too_often_is_refused(build: ServiceAccount, settings: Any) -> None:
    settings.RATE_LIMITS_EXEMPT = []

    assert [ask(dn()).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    add(build, CertificateName.SUBJECT, "CN=deploy")
    assert ask(dn("CN=deploy")).status_code == 200, "another certificate has a limit of its own"


@pytest.mark.usefixtures("_five_guesses")
def test_a_verified_certificate_is_no_guess_and_nonsense_is_one(build: ServiceAccount) -> None:
    assert {ask(dn("CN=other")).status_code for _ in range(8)} == {401}
    assert [ask(dn("nonsense")).status_code for _ in range(7)] == [401] * 5 + [429] * 2


def test_the_trail_names_the_service_and_its_owner(build: ServiceAccount, ada: User) -> None:
    assert ask(dn(), method="patch").status_code == 403

    entry = Entry.objects.filter(action="access.refused").latest("id")
    assert (entry.actor_kind, entry.actor_id, str(entry.tenant_id)) == ("service", str(build.pk), str(build.tenant_id))
