"""The API keeps to its OpenAPI document, whatever it is sent: schemathesis tries every operation with each credential.

The suite tries few examples, always the same. `make schema` tries hundreds, which are new each time.
"""

import secrets
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Identity, Membership, Role, User
from api.service import operations
from authserver.models import CertificateName, TokenFormat
from authserver.scopes import BUILT_IN
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.api.schema_run import CERTIFICATE, KEY, SESSION, TOKEN, Credential, Plan, Product, run
from tests.support.authorized import App
from tests.support.certificates import add
from tests.support.proven import proven
from tests.support.services import key_of_person, key_of_service, service
from tests.support.upstream_tokens import access_token, configured
from tests.tenancy.conftest import Town

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning"),
]
SCOPES = sorted({wanted.scope for wanted in operations().values() if wanted.scope} | set(BUILT_IN))
FEW, FEWER = 10, 5  # examples of each operation, unless --examples says more
REFUSED = {401, 403, 405, 429}


@pytest.fixture
def ada(town: Town, settings: Any) -> User:
    """A person who may do everything: a superuser, and the owner of a tenant."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.ADMIN_NEEDS_SECOND_FACTOR = False
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]  # from there all requests come
    settings.CLIENT_CERTIFICATE_HEADER = "X-Client-Cert-DN"
    with site_context("a test makes a superuser"):
        ada = User.objects.create_superuser(username="ada", name="Ada", email="ada@example.com", email_verified=True)
        Membership.objects.create(user=ada, tenant=town.a.tenant, role=Role.objects.get(name="owner"))
    return ada


@pytest.fixture
def credentials(ada: User, town: Town, providers: Sandbox) -> Mapping[str, Credential]:
    tenant = town.a.tenant
    signed_in = {"scopes": SCOPES, "tenant_id": tenant.pk, "acr": "mfa"}
    jwt, opaque = (App.registered(scopes=SCOPES, token_format=one) for one in TokenFormat)
    issuer = configured(providers, scopes={name: [name] for name in SCOPES})
    job = service(tenant, ada, *SCOPES)
    add(job, CertificateName.SUBJECT, "CN=build")
    Identity.objects.create(user=ada, provider="keycloak", issuer=issuer.issuer, subject="sub-of-ada")

    def token(app: App) -> str:
        text: str = app.tokens(ada, auth_time=timezone.now(), **signed_in)["access_token"]
        return text

    def upstream() -> str:
        now = int(timezone.now().timestamp())
        return access_token(providers, Provider.KEYCLOAK, scope=" ".join(SCOPES), auth_time=now)

    return {
        "session": Credential(place=SESSION, give=lambda: str(proven(ada).cookies["sessionid"].value)),
        "jwt": Credential(place=TOKEN, give=lambda: token(jwt)),
        "opaque token": Credential(place=TOKEN, give=lambda: token(opaque)),
        "upstream token": Credential(place=TOKEN, give=upstream),
        "key": Credential(place=KEY, give=lambda: key_of_person(ada, *SCOPES, tenant_id=tenant.pk).text),
        "key of a service": Credential(place=KEY, give=lambda: key_of_service(job).text),
        "certificate": Credential(place=CERTIFICATE, give=lambda: "CN=build"),
    }


@pytest.mark.parametrize(
    "name", ["session", "jwt", "opaque token", "upstream token", "key", "key of a service", "certificate"]
)
def test_the_api_keeps_to_its_document(
    name: str, town: Town, credentials: Mapping[str, Credential], pytestconfig: pytest.Config
) -> None:
    for other in credentials.values():
        other.give()  # so that the lists have elements
    examples, is_first = pytestconfig.getoption("examples"), name == "session"
    product = Product(credentials[name])
    plan = Plan(
        examples=examples or (FEW if is_first else FEWER),
        seed=secrets.randbits(32) if examples else None,
        enumerates=bool(examples) or is_first,
        tenant=str(town.a.tenant.pk),
    )

    found = run(product, plan)

    assert not found, "\n\n".join([f"{len(found)} faults with {plan}", *found])
    if is_first:  # who may do everything gets beyond every guard
        assert [one for one in operations() if product.answers[one].keys() <= REFUSED] == []
