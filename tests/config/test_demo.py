"""The demo's people are created once, and only in development."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Identity, Membership, Tenant, User
from audit.models import Entry
from authserver.models import ProfileValue
from config.management.commands import demo
from config.settings.env import ENV
from tenancy import site_context

pytestmark = pytest.mark.django_db


def told(**changes: object) -> object:
    return ENV.model_copy(update=changes)


@pytest.mark.slow
def test_running_it_twice_creates_everyone_once(monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(ENV.google_issuer.split(":")[2].split("/")[0])
    password = type(ENV.demo_admin_password)("demo password")
    monkeypatch.setattr(demo, "ENV", told(sandbox_port=port, demo_admin_name="root", demo_admin_password=password))

    call_command("demo")
    before = Entry.objects.count()
    call_command("demo")

    assert User.objects.get(username="root").check_password("demo password")
    assert sorted(Identity.objects.values_list("provider", flat=True)) == ["github", "google", "keycloak"]
    assert Entry.objects.count() == before
    assert ProfileValue.objects.count() == len(demo.PROFILES)
    with site_context("a test looks"):
        assert Tenant.objects.count() == 2
        belonging = Membership.objects.values_list("user__name", "tenant__slug", "role__name").order_by("pk")
        assert len(set(belonging)) == len(demo.MEMBERS) == len(belonging)


def test_it_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "ENV", told(mode="production"))

    with pytest.raises(CommandError, match="development only"):
        call_command("demo")
    assert not User.objects.exists()
