"""Superusers set the retention of the trail in the admin, for the site and for single tenants."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Entry, Retention
from audit.retention import rules
from tests.support.proven import proven, sign_in
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

PAGE = "/admin/audit/entry/retention/"


def said() -> dict[str, int]:
    return dict(Retention.objects.values_list("tenant_id", "days"))


def page(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.promise(75)
def test_everything_is_kept_for_ever_until_a_rule_is_set(administrator: Client) -> None:
    assert "For good" in page(administrator)
    assert f"{rules.minimum_days()} days" in page(administrator)
    assert PAGE in administrator.get("/admin/audit/entry/").content.decode()


@pytest.mark.promise(75)
def test_a_rule_is_created_changed_and_removed(administrator: Client, root: User, town: Town) -> None:
    tenant, told = town.a.tenant, {"tenant": town.a.tenant.slug, "days": "400"}
    for days in ("400", "500"):
        assert administrator.post(PAGE, told | {"days": days}).status_code == 302
        assert said() == {str(tenant.pk): int(days)}
    assert administrator.post(PAGE, {"tenant": "", "days": "370"}).status_code == 302
    assert said() == {str(tenant.pk): 500, rules.SITE: 370}
    shown = page(administrator)
    assert "500 days" in shown
    assert "370 days" in shown
    assert tenant.name in shown
    assert "For good" not in shown

    administrator.post(PAGE, told | {"days": ""})
    assert said() == {rules.SITE: 370}

    entries = Entry.objects.filter(object_table="audit_retention", object_id=str(tenant.pk)).order_by("id")
    assert [(entry.action, entry.source, entry.actor_id) for entry in entries] == [
        (action, "signal", str(root.pk)) for action in ("create", "update", "delete")
    ]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"tenant": "", "days": "364"}, "at least 365 days"),
        ({"tenant": "", "days": "0"}, "greater than or equal to 1"),
        ({"tenant": "", "days": "99999999999"}, "less than or equal to 36500"),
        ({"tenant": "", "days": "a year"}, "Enter a whole number"),
        ({"tenant": "nobody-of-this-name", "days": "400"}, "There is no such tenant"),
        ({"tenant": "\0", "days": "400"}, "Null characters are not allowed"),
    ],
)
@pytest.mark.promise(75)
def test_an_invalid_rule_is_refused_with_the_reason(administrator: Client, told: dict[str, Any], words: str) -> None:
    answer = administrator.post(PAGE, told)

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert said() == {}


@pytest.mark.promise(75)
def test_a_deleted_tenant_is_shown_by_its_id(administrator: Client) -> None:
    rules.set_days("of-a-tenant-that-is-gone", 400)

    assert "of-a-tenant-that-is-gone" in page(administrator)


@pytest.mark.promise(75)
def test_only_superusers_who_reauthenticated_set_rules(town: Town, root: User) -> None:
    owner = town.a.owner
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    owner.refresh_from_db()
    assert proven(owner).post(PAGE, {"tenant": "", "days": "400"}).status_code == 403

    without_proof = Client()
    sign_in(without_proof, root)
    answer = without_proof.post(PAGE, {"tenant": "", "days": "400"})
    assert (answer.status_code, said()) == (302, {})
    assert PAGE not in answer["Location"].partition("?")[0]
