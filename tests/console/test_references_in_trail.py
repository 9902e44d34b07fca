"""A reference is found in the trail, and the rows of refusals show what they were about."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from audit.events import Event, record
from audit.models import Entry
from audit.reading.filters import of_reference
from providers.refusal import RefusalReason, SignInRefused
from providers.refusal_responses import record_refusal
from tenancy import site_context
from tests.support.proven import proven
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

TRAIL = "/admin/audit/entry/"


def found(client: Client, **query: Any) -> list[int]:
    answer = client.get(TRAIL, query)
    assert answer.status_code == 200
    return [entry.pk for entry in answer.context["cl"].result_list]


@pytest.fixture
def refused() -> SignInRefused:
    refused = SignInRefused(RefusalReason.SIGNATURE_WRONG, "the signature is wrong")
    refused.reference = "XTE3-QL"
    record_refusal(Event.SIGN_IN_REFUSED, "keycloak", refused)
    record_refusal(Event.SIGN_IN_REFUSED, "google", SignInRefused(RefusalReason.NONCE_WRONG, "another nonce"))
    return refused


@pytest.mark.parametrize("spelled", ["XTE3-QL", "xte3ql", " Xte3 QL ", "reference xte3-qi", "XTE3-O1"])
def test_any_spelling_finds_the_entry(administrator: Client, refused: SignInRefused, spelled: str) -> None:
    """Administrators must be able to look up the reference that a page shows."""
    entry = Entry.objects.get(details__reference=refused.reference)

    assert found(administrator, q=spelled) == [entry.pk]
    assert found(administrator, q=spelled, action="sign_in.refused") == [entry.pk]
    assert found(administrator, q=spelled, action="sign_in.succeeded") == []


def test_an_id_that_could_be_a_reference_is_found_as_an_id_too(administrator: Client) -> None:
    record(Event.FACTOR_ADDED, object=("auth_group", "234567"))

    assert found(administrator, q="234567") == [Entry.objects.latest("id").pk]


def test_the_row_of_a_refusal_shows_its_reason_provider_and_reference(
    administrator: Client, refused: SignInRefused
) -> None:
    page = administrator.get(TRAIL, {"action": "sign_in.refused"}).content.decode()

    assert "Signature wrong · Keycloak · XTE3-QL" in page
    assert "Nonce wrong · Google · " in page


def test_a_reference_is_found_by_an_index_in_every_month(db: None) -> None:
    """A search must not read all of millions of entries."""
    sql, parameters = Entry.objects.filter(of_reference("XTE3-QL")).order_by("-id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan" not in plan
    assert plan.count("Index Cond: ((details ->> 'reference'::text) =") == plan.count("Scan") > 1


def test_a_tenants_administrator_finds_no_reference_of_other_tenants(town: Town, refused: SignInRefused) -> None:
    with site_context("a test"):
        record(Event.TENANT_SWITCH_REFUSED, tenant_id=town.b.tenant.pk, reason="not_a_member", reference="AAAA-BB")
        record(Event.TENANT_SWITCH_REFUSED, tenant_id=town.a.tenant.pk, reason="not_a_member", reference="CCCC-DD")
    owner = proven(town.a.owner)

    assert found(owner, q=refused.reference) == found(owner, q="aaaabb") == []
    assert len(found(owner, q="ccccdd")) == 1
