"""What a request refers to is deleted meanwhile: the request is told so, and has written nothing (ADR 79).

Another connection deletes first, and commits when the request waits for it or has been answered.
"""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, ProgrammingError, connection
from django.db.transaction import TransactionManagementError
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Invitation, Membership, User
from api import credentials
from foundation.rows import fetch_one
from tenancy import site_context
from tests.api.written import written
from tests.support.api import ask, send
from tests.support.oauth import registered
from tests.support.proven import proven
from tests.support.services import service
from tests.support.together import together
from tests.support.waiting import until
from tests.tenancy.conftest import Town

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
APP = {"name": "Reports", "grants": ["client_credentials"], "scopes": ["members:read"]}
RIGHTS: dict[str, Any] = {"is_staff": False, "is_superuser": False, "groups": [], "permissions": []}
TENANT, USER, CLIENT = "tenants/{tenant}", "admin/users/{person}", "admin/clients/{client}"
CASES: list[tuple[str, str, dict[str, Any], str, int]] = [  # method, address, body, what is deleted, and the answer
    ("post", f"{TENANT}/invitations", {"email": "new@example.com", "role_id": "{role}"}, "role", 409),
    ("post", f"{TENANT}/invitations", {"email": "new@example.com", "role_id": "{role}"}, "tenant", 409),
    ("post", f"{TENANT}/invitations/{{invitation}}/resend", {}, "role", 404),
    ("delete", f"{TENANT}/invitations/{{invitation}}", {}, "tenant", 404),
    ("patch", f"{TENANT}/members/{{person}}", {"role_id": "{role}"}, "role", 409),
    ("patch", f"{TENANT}/members/{{person}}", {"role_id": "{role}"}, "person", 404),
    ("delete", f"{TENANT}/members/{{person}}", {}, "person", 404),
    ("post", f"{TENANT}/roles", {"name": "Porter"}, "tenant", 409),
    ("patch", f"{TENANT}/roles/{{role}}", {"name": "Porter"}, "role", 404),
    ("patch", f"{TENANT}/settings", {"name": "Priory"}, "tenant", 404),
    ("post", "me/keys", {"name": "laptop"}, "root", 409),
    ("post", "me/keys", {"name": "laptop"}, "tenant", 409),
    ("post", "me/cut-off", {}, "root", 409),
    ("post", "admin/clients", {**APP, "tenant_id": "{tenant}", "service_id": "{service}"}, "service", 409),
    ("post", "admin/clients", {**APP, "tenant_id": "{tenant}"}, "tenant", 409),
    ("post", "admin/clients", APP, "root", 409),
    ("patch", CLIENT, {"name": "Counts"}, "client", 404),
    ("patch", CLIENT, {"service_id": "{service}"}, "service", 409),
    ("post", f"{CLIENT}/stop", {}, "client", 404),
    ("post", f"{CLIENT}/secrets", {}, "client", 404),
    ("put", f"{USER}/rights", {**RIGHTS, "groups": ["Support"]}, "group", 409),
    ("put", f"{USER}/rights", {**RIGHTS, "is_staff": True}, "person", 409),
    ("post", f"{USER}/cut-off", {"reason": "Lost."}, "person", 409),
    ("post", f"{USER}/deactivate", {}, "person", 404),
]


@pytest.fixture
def rows(town: Town, settings: Any) -> dict[str, Any]:
    """Rows by the names of the cases. ``root`` calls: a superuser, and an owner of the tenant."""
    settings.ADMIN_NEEDS_SECOND_FACTOR = False
    side = town.a
    with site_context("a test makes somebody a superuser"):
        User.objects.create_superuser(username="other")
        User.objects.filter(pk=side.owner.pk).update(is_superuser=True)
        root = User.objects.get(pk=side.owner.pk)
        job = service(side.tenant, town.both)
        client, _ = registered(tenant=side.tenant, scopes=["members:read"])
        now = timezone.now()
        invitation = Invitation.objects.create(
            tenant=side.tenant, role=side.role, email="invited@example.com", invited_by=root, digest="0" * 64,
            created_at=now, sent_at=now, expires_at=now + settings.INVITATION_LIFETIME,
        )  # fmt: skip
    group = Group.objects.create(name="Support")
    return {
        "tenant": side.tenant, "role": side.role, "person": side.member, "root": root, "service": job,
        "client": client, "invitation": invitation, "group": group,
    }  # fmt: skip


def meanwhile(change: Callable[[], object], request: Callable[[], Any]) -> tuple[Any, dict[str, int]]:
    """Return the answer to a request during another change, and what that alone has written."""
    changed, answered = Event(), Event()

    def other() -> dict[str, int]:
        with site_context("a test changes something"):
            change()
            alone = written()
            changed.set()
            until(lambda: answered.is_set() or (fetch_one(WAITING, []) or [0])[0], seconds=30)
        return alone

    def this() -> Any:
        assert changed.wait(30)
        try:
            return request()
        finally:
            answered.set()

    alone, answer = together(other, this)
    return answer, alone


def filled(value: Any, keys: dict[str, Any]) -> Any:
    """Return a value of a body with the key of a row, if it names one."""
    if value == "{role}":
        return keys["role"]
    return value.format(**keys) if isinstance(value, str) else value


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "address", "body", "deleted", "status"), CASES)
def test_what_is_deleted_meanwhile_is_a_problem_and_nothing_is_written(
    method: str, address: str, body: dict[str, Any], deleted: str, status: int, rows: dict[str, Any]
) -> None:
    browser = proven(rows["root"], Browser(raise_request_exception=False))
    keys = {name: row.pk for name, row in rows.items()}  # a deleted row has none
    path, wanted = f"/api/v1/{address.format(**keys)}", {name: filled(value, keys) for name, value in body.items()}

    answer, alone = meanwhile(rows[deleted].delete, lambda: send(path, wanted, browser=browser, method=method))

    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert written() == alone


@pytest.mark.django_db(transaction=True)
def test_a_role_that_is_given_meanwhile_is_not_deleted(rows: dict[str, Any]) -> None:
    tenant, role, person = rows["tenant"], rows["role"], rows["person"]
    browser = proven(rows["root"], Browser(raise_request_exception=False))
    address = f"/api/v1/tenants/{tenant.pk}/roles/{role.pk}"

    def give() -> None:
        Membership.objects.filter(user=person, tenant=tenant).update(role=role)
        connection.check_constraints()

    answer, _ = meanwhile(give, lambda: ask(address, browser=browser, method="delete"))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    with site_context("a test looks"):
        assert Membership.objects.get(user=person, tenant=tenant).role == role


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [IntegrityError("canary"), ProgrammingError("canary"), TransactionManagementError()])
def test_a_fault_of_ours_is_not_taken_for_a_race(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def fails(_request: object) -> None:
        raise fault

    monkeypatch.setattr(credentials, "READERS", (fails,))

    assert ask("/api/v1/me").status_code == 500
