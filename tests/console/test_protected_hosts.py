"""Protected hosts in the admin: superusers list them after a reauthentication, and every change is in the trail."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from audit.models import Entry
from authserver.models import ProtectedHost
from tenancy import site_context
from tests.support.administrator import administrator, root
from tests.support.proven import proven, sign_in
from tests.tenancy.conftest import Town, town

__all__ = ["administrator", "root", "town"]

pytestmark = pytest.mark.django_db
LIST = "/admin/authserver/protectedhost/"
FORM = {"name": "Wiki", "origin": "https://wiki.example.com", "is_active": "on", "org_roles": "owner,member"}


def test_a_superuser_lists_a_host_and_changes_it(administrator: Browser, town: Town) -> None:
    given = {**FORM, "tenant": str(town.a.tenant.pk), "fresh_minutes": "60", "needs_second_factor": "on"}
    assert administrator.post(f"{LIST}add/", given).status_code == 302
    host = ProtectedHost.objects.get()
    assert (host.org_roles, host.tenant_id, host.fresh_minutes) == (["owner", "member"], town.a.tenant.pk, 60)
    assert host.needs_second_factor

    assert administrator.post(f"{LIST}{host.pk}/change/", FORM).status_code == 302
    changes = Entry.objects.filter(object_table="authserver_protectedhost").order_by("id")
    assert [entry.action for entry in changes] == ["create", "update"]
    text = administrator.get(LIST).content.decode()
    assert "https://wiki.example.com" in text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origin", "https://wiki.example.com/"),
        ("origin", "https://*.example.com"),
        ("origin", "wiki.example.com"),
        ("origin", "\0"),
        ("name", ""),
        ("scope", "two words"),
        ("fresh_minutes", "0"),
        ("fresh_minutes", "2147483647"),
        ("tenant", "nobody"),
        ("role", "root"),
    ],
)
def test_a_form_that_cannot_be_is_shown_again(administrator: Browser, field: str, value: str) -> None:
    answer: Any = administrator.post(f"{LIST}add/", {**FORM, field: value})

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not ProtectedHost.objects.exists()


def test_a_host_is_listed_once(administrator: Browser) -> None:
    for status in (302, 200):
        assert administrator.post(f"{LIST}add/", FORM).status_code == status


def test_superusers_alone_see_them_and_only_a_recent_sign_in_changes_them(town: Town, root: User) -> None:
    host = ProtectedHost.objects.create(name="Wiki", origin="https://wiki.example.com")
    with site_context("a test makes an administrator of a tenant"):
        User.objects.filter(pk=town.a.owner.pk).update(is_staff=True)
    assert proven(town.a.owner).get(LIST).status_code == 403

    stale = Browser()
    sign_in(stale, root)
    for path in ("add/", f"{host.pk}/delete/"):
        answer = stale.post(f"{LIST}{path}", {**FORM, "post": "yes"})
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/"), path
    assert ProtectedHost.objects.get() == host
