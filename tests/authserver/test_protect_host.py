"""The command that lists a host for forward authentication."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from authserver.models import ProtectedHost
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
WIKI = "https://wiki.example.com"


def protect(capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    call_command("protect_host", "--origin", WIKI, "--name", "Wiki", *options, "--json")
    return json.loads(capsys.readouterr().out)


def test_it_lists_a_host_and_then_changes_it(capsys: pytest.CaptureFixture[str], town: Town) -> None:
    first = protect(
        capsys, "--tenant", str(town.a.tenant.pk), "--org-role", "owner", "--org-role", "member",
        "--scope", "books:read", "--fresh-minutes", "60", "--second-factor",
    )  # fmt: skip
    host = ProtectedHost.objects.get()
    assert first == {"id": str(host.pk), "origin": WIKI}
    assert (host.tenant_id, host.org_roles, host.scope) == (town.a.tenant.pk, ["owner", "member"], "books:read")
    assert (host.fresh_minutes, host.needs_second_factor, host.is_active, host.role) == (60, True, True, "")

    assert protect(capsys, "--role", "admin", "--closed") == first
    host = ProtectedHost.objects.get()
    assert (host.tenant_id, host.org_roles, host.scope, host.fresh_minutes) == (None, [], "", None)
    assert (host.needs_second_factor, host.is_active, host.role) == (False, False, "admin")
    entries = Entry.objects.filter(object_table="authserver_protectedhost").order_by("id")
    assert [(entry.action, entry.actor_id) for entry in entries] == [
        ("create", "protect_host"),
        ("update", "protect_host"),
    ]


@pytest.mark.parametrize(
    "options",
    [
        ["--origin", f"{WIKI}/"],
        ["--origin", "*"],
        ["--name", ""],
        ["--scope", "two words"],
        ["--fresh-minutes", "0"],
        ["--tenant", "nobody"],
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("protect_host", "--origin", WIKI, "--name", "Wiki", *options)
    assert "\n" not in str(refused.value)
    assert not ProtectedHost.objects.exists()
