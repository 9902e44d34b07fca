"""An issuer belongs to the site or to one tenant, however it is spelt and whoever comes first."""

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.issuers import canonical
from providers.models import Connection, ConnectionKind, UpstreamIssuer
from tenancy import site_context, tenant_context
from tests.tenancy.conftest import Side, Town, town

__all__ = ["town"]  # a fixture of these tests too
ISSUER = "https://idp.example.com/realms/acme"
SPELLINGS = [
    ISSUER, ISSUER + "/", ISSUER + "//", "https://IDP.example.com/realms/acme", "https://idp.example.com:443/realms/acme",
    "https://idp.example.com./realms/acme", "HTTPS://idp.example.com/realms/acme", "https://idp.example.com/Realms/ACME",
]  # fmt: skip


def make(slug: str, issuer: str, side: Side | None) -> Connection:
    return Connection.objects.create(
        slug=slug,
        kind=ConnectionKind.OIDC,
        label=slug,
        issuer=issuer,
        client_id="c",
        tenant=side.tenant if side else None,
        sign_up_role=side.role if side else None,
    )


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("first", ["site", "a"])
def test_an_issuer_has_one_owner(town: Town, spelling: str, first: str) -> None:
    with site_context("a test"):
        make("first", ISSUER, None if first == "site" else town.a)
        make("first-2", ISSUER, None if first == "site" else town.a)
        with pytest.raises(IntegrityError, match="somebody else"), transaction.atomic():
            make("second", spelling, town.b)
        assert Connection.objects.count() == 2


def test_nobody_moves_to_the_issuer_of_somebody_else(town: Town) -> None:
    with site_context("a test"):
        make("first", ISSUER, town.a)
        second = make("second", "https://other.example.com", town.b)
        with pytest.raises(IntegrityError), transaction.atomic():
            Connection.objects.filter(pk=second.pk).update(issuer=ISSUER + "/")
        Connection.objects.filter(slug="first").update(issuer=ISSUER + "/x")
        with pytest.raises(IntegrityError), transaction.atomic():
            UpstreamIssuer.objects.create(name="x", issuer=ISSUER + "/X", audiences=["api"])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_upstream_issuer_has_the_same_owner(town: Town, spelling: str) -> None:
    with site_context("a test"):
        make("first", ISSUER, town.a)
        with pytest.raises(IntegrityError), transaction.atomic():
            UpstreamIssuer.objects.create(name="of the site", issuer=spelling, audiences=["api"])
        with pytest.raises(IntegrityError), transaction.atomic():
            UpstreamIssuer.objects.create(name="of B", issuer=spelling, audiences=["api"], tenant=town.b.tenant)
        UpstreamIssuer.objects.create(name="of A", issuer=spelling, audiences=["api"], tenant=town.a.tenant)


def test_a_tenant_sees_its_own_connections_only(town: Town) -> None:
    with site_context("a test"):
        make("of-site", "https://site.example.com", None)
        make("of-a", ISSUER, town.a)
        make("of-b", "https://b.example.com", town.b)
    with tenant_context(town.a.tenant.pk), connection.cursor() as cursor:
        assert [one.slug for one in Connection.objects.all()] == ["of-a"]
        cursor.execute("SELECT slug FROM providers_connection")
        assert cursor.fetchall() == [("of-a",)]
        cursor.execute("UPDATE providers_connection SET label = 'x' WHERE slug <> 'of-a'")
        assert cursor.rowcount == 0
    assert not Connection.objects.exists()


LABELS = st.text("aZ9-.", min_size=1, max_size=8)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scheme=st.sampled_from(["https", "http", "HTTPS"]),
    host=LABELS | st.just("[::1]"),
    port=st.none() | st.integers(0, 65535),
    path=st.text("/aB-_.~", max_size=8).map(lambda text: f"/{text}" if text else ""),
)
def test_the_database_compares_issuers_as_we_do(db: None, scheme: str, host: str, port: int | None, path: str) -> None:
    url = f"{scheme}://{host}{'' if port is None else f':{port}'}{path}"
    ours = canonical(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.canonical_issuer(%s)", [url])
        assert cursor.fetchone() == (ours,) or not ours
