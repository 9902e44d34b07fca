"""The commands for administrators, tenants, roles and memberships, which scripts may run twice."""

import io
import json
import shlex
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Membership, Role, Session, Tenant, User
from audit.models import Entry
from config.variables import CHECKOUT
from tenancy import site_context
from tests.support.together import together
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

PASSWORD = "a lantern in the stairwell"


def run(command: str, *arguments: str) -> Any:
    """Run a command as a script would, and return its document."""
    out = io.StringIO()
    call_command(command, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def printed(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def actors(table: str) -> set[tuple[str, str]]:
    return set(Entry.objects.filter(object_table=table).values_list("actor_kind", "actor_id"))


def latest() -> int:
    return Entry.objects.latest("id").pk


def role_of(user: User, tenant: Tenant) -> str | None:
    with site_context("a test looks"):
        membership = Membership.objects.select_related("role").filter(user=user, tenant=tenant).first()
    return membership.role.name if membership else None


def test_a_tenant_is_created_once() -> None:
    first, second = (run("create_tenant", "--name", "Abbey & Sons") for _ in range(2))

    assert (first["created"], second["created"]) == (True, False)
    assert first["id"] == second["id"]
    assert first["slug"] == "abbey-sons"
    assert actors("accounts_tenant") == {("command", "create_tenant")}
    assert "exists already" in printed("create_tenant", "--name", "Abbey & Sons")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "Another", "--slug", "abbey"], "belongs to another tenant, 'Abbey'"),
        (["--name", "株式会社"], "give one with --slug"),
        (["--name", "Abbey", "--slug", "a b"], "slug: "),
        (["--name", "x" * 151], "name: "),
    ],
)
def test_an_invalid_tenant_is_not_created(arguments: list[str], message: str) -> None:
    run("create_tenant", "--name", "Abbey")

    with pytest.raises(CommandError, match=message):
        run("create_tenant", *arguments)
    assert [tenant["name"] for tenant in run("list_tenants")] == ["Abbey"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command",
    [
        "create_tenant --name Abbey",
        "create_role --name gatekeeper --permission accounts.view_user",
        "add_member --tenant crypt --user vera --role member",
        "create_administrator --username root --password-file {password}",
    ],
)
def test_of_concurrent_runs_one_creates_it_and_the_others_find_it(command: str, tmp_path: Path) -> None:
    run("create_tenant", "--name", "Crypt")
    User.objects.create_user(username="vera")
    (tmp_path / "password").write_text(PASSWORD)
    options = shlex.split(command.format(password=tmp_path / "password"))
    done = together(*[lambda: run(*options)] * 6)

    assert [document["created"] for document in done].count(True) == 1
    assert len({document["id"] for document in done}) == 1


def test_a_role_is_changed_to_match_the_options_and_stays_so(town: Town) -> None:
    options = ["--name", "gate", "--tenant", town.a.tenant.slug, "--scope", "people:read", "--scope", "people:write"]
    options += ["--permission", "accounts.view_user", "accounts.view_membership"]
    first, last = run("create_role", *options), latest()
    again = run("create_role", *options)

    assert (first["created"], again["created"], again["changed"]) == (True, False, False)
    assert latest() == last
    assert actors("accounts_role_permissions") >= {("command", "create_role")}
    fewer = run("create_role", "--name", "gate", "--tenant", str(town.a.tenant.pk), "--scope", "people:read")
    with site_context("a test looks"):
        role = Role.objects.get(pk=first["id"])
        assert (fewer["changed"], role.tenant, role.scopes) == (True, town.a.tenant, ["people:read"])
        assert {one.codename for one in role.permissions.all()} == {"view_user", "view_membership"}
    assert Entry.objects.latest("id").tenant_id == str(town.a.tenant.pk)


def test_a_global_role_belongs_to_no_tenant(town: Town) -> None:
    own = run("create_role", "--name", "member", "--tenant", town.a.tenant.slug)
    everywhere = run("create_role", "--name", "member", "--description", "Belongs.")

    assert own["id"] != everywhere["id"]
    assert (own["created"], everywhere["created"], everywhere["changed"]) == (True, False, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--permission", "accounts.fly", "nonsense"], "no permission 'accounts.fly', 'nonsense'"),
        (["--scope", "two words"], "A scope is one word"),
        (["--tenant", "nowhere"], "no tenant with the id or short name 'nowhere'"),
    ],
)
def test_an_invalid_role_is_not_created(town: Town, arguments: list[str], message: str) -> None:
    last = latest()

    with pytest.raises(CommandError, match=message):
        run("create_role", "--name", "gate", *arguments)
    assert latest() == last


def test_a_member_is_added_once_changed_and_removed_once(town: Town) -> None:
    person = User.objects.create_user(username="vera", name="Vera")
    Session.objects.create(session_key="k" * 32, user=person, expire_date="2100-01-01T00:00:00Z")
    options = ["--tenant", town.a.tenant.slug, "--user", "vera", "--role"]

    assert run("add_member", *options, "member")["created"] is True
    assert not Session.objects.exists()
    last = latest()
    assert run("add_member", *options, "member")["created"] is False
    assert latest() == last
    assert printed("add_member", *options, "Abbey clerk", "--primary") == "Vera now belongs to Abbey as Abbey clerk.\n"
    assert role_of(person, town.a.tenant) == "Abbey clerk"
    with site_context("a test looks"):
        assert Membership.objects.get(user=person).is_primary
    members = {(row["user_id"], row["role"]) for row in run("list_members", "--tenant", town.a.tenant.slug)}
    assert len(members) == 4
    assert (str(person.pk), "Abbey clerk") in members
    for removed in (True, False):
        assert run("remove_member", *options[:-1])["removed"] is removed
    assert role_of(person, town.a.tenant) is None
    by = Entry.objects.filter(object_table="accounts_membership", person=str(person.pk)).order_by("id")
    assert [(entry.action, entry.actor_id, entry.tenant_id) for entry in by] == [
        ("create", "add_member", str(town.a.tenant.pk)),
        ("update", "add_member", str(town.a.tenant.pk)),
        ("update", "add_member", str(town.a.tenant.pk)),
        ("delete", "remove_member", str(town.a.tenant.pk)),
    ]


def test_a_person_is_found_by_id_username_or_verified_address(town: Town) -> None:
    person = User.objects.create_user(username="vera", email="Vera@Example.com", email_verified=True)
    User.objects.create_user(email="vera@example.com")

    for name in (str(person.pk), "vera", "VERA@example.com"):
        run("add_member", "--tenant", town.a.tenant.slug, "--user", name, "--role", "member")
        assert run("remove_member", "--tenant", town.a.tenant.slug, "--user", name)["removed"]


@pytest.mark.promise(25)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "vera", "member"], "no tenant with the id or short name 'nowhere'"),
        (["abbey", "nobody", "member"], "no account with the id, username or verified address 'nobody'"),
        (["abbey", "twin@example.com", "member"], r"is not verified \(accounts with it: 2\)"),
        (["abbey", "vera", "king"], "no role 'king', neither in Abbey nor a global one"),
        (["abbey", "vera", "Barn clerk"], "belongs to a tenant other than Abbey"),
        (["abbey", "vera@example.com", "member"], "one account's username and another's address"),
    ],
)
def test_an_ambiguous_or_unknown_name_is_refused_and_nothing_is_written(
    town: Town, arguments: list[str], message: str
) -> None:
    with site_context("a test names a tenant"):
        Tenant.objects.filter(pk=town.a.tenant.pk).update(slug="abbey")
    User.objects.create_user(username="vera")
    for _ in range(2):
        User.objects.create_user(email="twin@example.com")
    User.objects.create_user(username="vera@example.com")
    User.objects.create_user(email="vera@example.com", email_verified=True)
    last = latest()

    tenant, user, role = arguments
    with pytest.raises(CommandError, match=message) as refused:
        run("add_member", "--tenant", tenant, "--user", user, "--role", role)
    assert "\n" not in str(refused.value)
    assert latest() == last


def test_an_administrator_is_created_once_and_changed_only_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    options = ["--username", "root", "--email", "root@example.com", "--password-file", str(file)]
    assert run("create_administrator", *options) == {
        "id": str(User.objects.get().pk),
        "username": "root",
        "created": True,
        "password": None,
    }
    last = latest()
    again = run("create_administrator", "--username", "root", "--email", "other@example.com", "--generate-password")

    user = User.objects.get()
    assert (again["created"], again["password"], latest()) == (False, None, last)
    assert (user.is_superuser, user.is_staff, user.email, user.email_verified) == (
        True, True, "root@example.com", False,
    )  # fmt: skip
    assert user.check_password(PASSWORD)
    assert actors("accounts_user") == {("command", "create_administrator")}


def test_a_new_password_revokes_the_sessions_of_the_old_one(town: Town) -> None:
    first = run("create_administrator", "--username", "root", "--generate-password")["password"]
    user = User.objects.get(username="root")
    Session.objects.create(session_key="k" * 32, user=user, expire_date="2100-01-01T00:00:00Z")
    second = run("create_administrator", "--username", "root", "--generate-password", "--reset-password")["password"]

    user.refresh_from_db()
    assert first != second
    assert user.check_password(second)
    assert not Session.objects.exists()
    assert PASSWORD not in printed("create_administrator", "--username", "root")


@pytest.mark.parametrize(
    ("password", "message"), [("short", "too short"), ("password1234", "too common"), ("", "too short")]
)
def test_an_administrator_is_not_created_with_a_weak_password(
    monkeypatch: pytest.MonkeyPatch, password: str, message: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))

    with pytest.raises(CommandError, match=message):
        run("create_administrator", "--username", "root", "--password-file", "-")
    assert not User.objects.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_nobody_is_asked_for_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(CommandError, match="no terminal"):
        run("create_administrator", "--username", "root")
    assert not User.objects.exists()


@pytest.mark.parametrize(("again", "is_made"), [(PASSWORD, True), ("another long good phrase", False)])
def test_a_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch, again: str, *, is_made: bool) -> None:
    typed = iter([PASSWORD, again])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))

    with nullcontext() if is_made else pytest.raises(CommandError, match="not the same"):
        run("create_administrator", "--username", "root")
    assert User.objects.exists() is is_made


def test_an_existing_account_is_not_made_an_administrator() -> None:
    User.objects.create_user(username="root", password=PASSWORD)

    with pytest.raises(CommandError, match="is deactivated or not a superuser"):
        run("create_administrator", "--username", "root", "--reset-password", "--generate-password")
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.process
@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["create_administrator", "--username", "root"], "There is no terminal for a prompt"),
        (["create_administrator", "--username", "root", "--password-file", "/no/such"], "cannot be read from /no/such"),
        (["remove_member", "--tenant", "nowhere", "--user", "x"], "There is no tenant"),
    ],
)
def test_an_error_is_one_line_and_an_exit_status(command: list[str], message: str) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert message in line


def test_the_documented_commands_work_as_written() -> None:
    User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)
    page = (CHECKOUT / "docs" / "commands.md").read_text()
    lines = page.partition("```\n")[2].partition("```")[0].splitlines()

    for line in lines:
        printed(*shlex.split(line)[1:])
    with site_context("a test looks"):
        assert Membership.objects.get(is_primary=True).role.scopes == ["books:read", "books:lend"]
