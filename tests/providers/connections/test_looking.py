"""What a service publishes is looked at before its connection is saved, and each mistake is said in plain words."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings

from providers.connections import building
from providers.connections.looking import look
from providers.models import Connection, ConnectionKind
from sandbox.config import Config
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.support.connections import another_sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    with another_sandbox(settings.PUBLIC_URL) as sandbox:
        yield sandbox


def draft(issuer: str, kind: str = ConnectionKind.OIDC, **values: list[str]) -> Connection:
    connection = Connection(slug="acme", kind=kind, label="Acme", issuer=issuer, client_id="us", **values)
    connection.client_secret = building.encrypted("s3cret", connection)
    return connection


def faults(connection: Connection) -> list[tuple[str, str]]:
    return [(one.field, one.text) for one in look(connection) if one.is_fault]


def test_what_is_right_has_no_fault(elsewhere: Sandbox) -> None:
    for provider, kind in ((Provider.KEYCLOAK, ConnectionKind.KEYCLOAK), (Provider.GOOGLE, ConnectionKind.OIDC)):
        assert not faults(draft(elsewhere.world.issuer(provider), kind))
    assert look(draft(elsewhere.world.issuer(Provider.GITHUB), ConnectionKind.GITHUB)) == []


def test_a_slash_too_many_shows_the_issuer_that_is_published(elsewhere: Sandbox) -> None:
    issuer = elsewhere.world.issuer(Provider.KEYCLOAK)
    ((field, text),) = faults(draft(issuer + "/"))
    assert field == "issuer"
    assert f"names {issuer}:" in text
    assert "slash" in text


def test_where_nothing_is_published_it_is_said(elsewhere: Sandbox) -> None:
    ((field, text),) = faults(draft(f"{elsewhere.base_url}/nowhere"))
    assert (field, "status 404" in text) == ("issuer", True)


def test_where_nothing_answers_it_is_said() -> None:
    with Sandbox(Config(port=0, public_url=settings.PUBLIC_URL)) as gone:
        issuer = gone.world.issuer(Provider.KEYCLOAK)
    assert faults(draft(issuer)) == [("issuer", "Nothing answers at this address.")]


@override_settings(WEBHOOKS_ALLOW_LOOPBACK=False)
def test_a_name_that_leads_inward_is_not_called(elsewhere: Sandbox) -> None:
    elsewhere.forget_requests()
    port = elsewhere.base_url.rpartition(":")[2]
    ((field, text),) = faults(draft(f"https://localhost:{port}/realms/x"))
    assert (field, "private network" in text) == ("issuer", True)
    assert not elsewhere.requests("keycloak")


def test_no_key_for_the_algorithms_shows_which_there_are(elsewhere: Sandbox) -> None:
    connection = draft(elsewhere.world.issuer(Provider.KEYCLOAK), signing_algorithms=["ES256"])
    ((field, text),) = faults(connection)
    assert (field, "keys for " in text, "RS256" in text) == ("signing_algorithms", True, True)


def test_without_pkce_there_is_a_hint_alone(elsewhere: Sandbox) -> None:
    found = [look(draft(elsewhere.world.issuer(provider))) for provider in (Provider.KEYCLOAK, Provider.MICROSOFT)]
    hints = [one for some in found for one in some]
    assert not any(one.is_fault for one in hints)
    assert all("PKCE" in one.text for one in hints)


def test_a_secret_that_cannot_be_read_is_to_be_entered_again(elsewhere: Sandbox) -> None:
    connection = draft(elsewhere.world.issuer(Provider.KEYCLOAK))
    connection.client_secret = "nothing of ours"
    assert [field for field, _ in faults(connection)] == ["secret"]
