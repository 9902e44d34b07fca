"""In the admin, acts that grant or remove power, or change how people sign in, need reauthentication (ADR 32)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import ClaimRule, Invitation, Membership, Role, Tenant, User
from tenancy import site_context
from tests.support import claim_rules
from tests.support.proven import sign_in
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

WRITTEN: list[type[Any]] = [Role, Tenant, ClaimRule, Membership, User, Group]
LISTED = [*WRITTEN, Invitation]
NEVER_IN_BULK = {Membership, User}  # their lists have no such action


@pytest.fixture
def stale(administrator: Client, time_machine: Any) -> Client:
    """An administrator who reauthenticated eleven minutes ago."""
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=11))
    return administrator


@pytest.fixture
def furnished(town: Town) -> Town:
    with site_context("a test furnishes tables"):
        claim_rules.rule("google", "hd", "example.com")
        Group.objects.create(name="Keepers")
    return town


def path(model: type[Any], end: str = "") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{end}"


def is_asked(answer: Any) -> bool:
    return bool(
        answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/reauthenticate/?next=%2Fadmin")
    )


def some(model: type[Any]) -> Any:
    with site_context("a test looks at a table"):
        rows = (
            model.objects.filter(is_superuser=False) if model is User else model.objects.all()
        )  # the last superuser cannot be deleted
        return rows.order_by("pk").first()


def count(model: type[Any]) -> int:
    with site_context("a test counts a table"):
        return int(model.objects.count())


@pytest.mark.parametrize("model", WRITTEN, ids=lambda model: model.__name__)
@pytest.mark.promise(27)
def test_nothing_is_deleted_in_bulk_without_reauthentication(furnished: Town, stale: Client, model: type[Any]) -> None:
    """If an object's own page requires reauthentication, its list must too."""
    before, one = count(model), some(model)
    for posted in ({}, {"post": "yes"}):
        chosen = {"action": "delete_selected", "_selected_action": str(one.pk), **posted}
        assert is_asked(stale.post(path(model), chosen)) is (model not in NEVER_IN_BULK)
    assert count(model) == before


@pytest.mark.parametrize("model", WRITTEN, ids=lambda model: model.__name__)
@pytest.mark.promise(27)
def test_nothing_is_added_changed_or_deleted_without_reauthentication(
    furnished: Town, stale: Client, model: type[Any]
) -> None:
    before, one = count(model), some(model)

    assert stale.get(path(model, f"{one.pk}/change/")).status_code == 200, "looking is free"
    assert stale.get(path(model)).status_code == 200
    for address in ("add/", f"{one.pk}/delete/"):
        assert is_asked(stale.get(path(model, address)))
        assert is_asked(stale.post(path(model, address), {"post": "yes", "name": "x"}))
    assert is_asked(stale.post(path(model, f"{one.pk}/change/"), {"name": "x"}))
    assert count(model) == before


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model.__name__)
@pytest.mark.promise(27)
def test_users_without_permission_are_refused_and_not_asked_to_reauthenticate(
    furnished: Town, stale: Client, model: type[Any], client: Client
) -> None:
    person = User.objects.create_user(name="Staff", is_staff=True)
    sign_in(client, person)

    for address in ("add/", "1/delete/"):
        assert not is_asked(client.post(path(model, address), {"post": "yes"}))


@pytest.mark.promise(27)
def test_nobody_is_invited_without_reauthentication(furnished: Town, stale: Client) -> None:
    with site_context("a test looks at a table"):
        before = Invitation.objects.count()

    assert is_asked(stale.get(path(Invitation, "add/")))
    assert is_asked(stale.post(path(Invitation, "add/"), {"email": "a@example.com"}))
    assert count(Invitation) == before


@pytest.mark.promise(27)
def test_after_reauthentication_the_act_continues(furnished: Town, administrator: Client) -> None:
    with site_context("a test writes a role"):
        role = Role.objects.create(name="passing", tenant=furnished.a.tenant)
    chosen = {"action": "delete_selected", "_selected_action": str(role.pk), "post": "yes"}

    assert administrator.post(path(Role), chosen).status_code == 302
    assert not Role.objects.filter(pk=role.pk).exists()
