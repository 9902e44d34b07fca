"""The commands that create services, keys and certificate identities."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from audit.models import Entry
from authserver.models import ApiKey, CertificateIdentity, ServiceAccount
from authserver.services import keys
from tenancy import site_context
from tests.support.services import READ, WRITE, clerk, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


def printed(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, WRITE, name="Ada")


@pytest.mark.promise(70)
def test_a_key_of_a_person_is_printed_once_and_works(town: Town, ada: User) -> None:
    found = printed("create_key", "--user", "ada@example.com", "--scope", READ, "--scope", "books:burn")

    assert {"id", "key", "prefix", "expires_at"} <= found.keys()
    assert found["key"].startswith(found["prefix"])
    assert (found["scopes"], found["present_scopes"]) == ([READ, "books:burn"], [READ])
    holder = keys.check(found["key"])
    assert (holder.person, holder.tenant_id, holder.scopes) == (ada, town.a.tenant.pk, frozenset({READ}))
    with site_context("a test looks"):
        key = ApiKey.objects.get()
    assert str(key.pk) == found["id"]
    entry = Entry.objects.get(object_table="authserver_apikey", action="create")
    assert str(entry.actor) == "command: create_key"


@pytest.mark.promise(70)
def test_a_service_and_its_key_are_created(town: Town, ada: User) -> None:
    made = printed(
        "create_service", "--tenant", town.a.tenant.slug, "--owner", "ada@example.com", "--name", "Night job",
        "--purpose", "Counts the books.", "--scope", READ, "--expires", "30",
    )  # fmt: skip
    by_name = printed("create_key", "--service", "Night job", "--scope", READ)
    by_id = printed("create_key", "--service", made["id"], "--scope", READ, "--expires", "1")
    for found in (by_name, by_id):
        holder = keys.check(found["key"])
        assert (str(holder.id), holder.scopes) == (made["id"], frozenset({READ}))


def test_a_key_of_somebody_without_a_tenant_works_in_none(town: Town) -> None:
    root = User.objects.create_superuser(username="root")
    assert keys.check(printed("create_key", "--user", "root", "--scope", READ)["key"]).scopes == {READ}
    found = printed("create_key", "--user", "root", "--tenant", town.a.tenant.slug, "--scope", READ)
    assert keys.check(found["key"]).tenant_id == town.a.tenant.pk
    assert keys.check(found["key"]).person == root


def test_people_read_the_key_and_what_it_may_not_do_now(ada: User) -> None:
    out = io.StringIO()
    call_command("create_key", "--user", "ada@example.com", "--scope", "books:burn", stdout=out)
    assert "shown this once: vak_" in out.getvalue()
    assert "may not use these now: books:burn" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--user", "nobody"], "There is no account"),
        (["--service", "nobody"], "There is no service"),
        (["--user", "ada@example.com", "--scope", "two words"], "one word"),
        (["--user", "ada@example.com", "--expires", "400"], "a year at most"),
        (["--user", "ada@example.com", "--expires", "-5"], "a year at most"),
        (["--user", "ada@example.com", "--tenant", "Barn"], "no member"),
        (["--service", "Night job", "--scope", WRITE], "only scopes of its service"),
        ([], "one of the arguments"),
        (["--user", "ada@example.com", "--service", "Night job"], "not allowed with"),
    ],
)
def test_a_key_that_cannot_be_is_one_line(town: Town, ada: User, arguments: list[str], message: str) -> None:
    service(town.a.tenant, ada, READ)
    given = [town.b.tenant.slug if one == "Barn" else one for one in arguments]
    with pytest.raises(CommandError, match=message):
        call_command("create_key", *given)
    with site_context("a test looks"):
        assert not ApiKey.objects.exists()


def test_a_name_that_two_tenants_use_needs_the_tenant(town: Town, ada: User) -> None:
    service(town.a.tenant, ada, READ)
    service(town.b.tenant, clerk(town.b.tenant, READ, name="Bob"), READ)
    with pytest.raises(CommandError, match="Several tenants"):
        call_command("create_key", "--service", "Night job")
    found = printed("create_key", "--service", "Night job", "--tenant", town.b.tenant.slug)
    assert keys.check(found["key"]).tenant_id == town.b.tenant.pk


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"--expires": "0"}, "number of days"),
        ({"--expires": "99999"}, "number of days"),
        ({"--owner": "barn"}, "active member"),
        ({"--name": ""}, "name"),
    ],
)
def test_a_service_that_cannot_be_is_one_line(town: Town, ada: User, options: dict[str, str], message: str) -> None:
    given = {"--tenant": town.a.tenant.slug, "--owner": "ada@example.com", "--name": "x", "--purpose": "x", **options}
    if given["--owner"] == "barn":
        given["--owner"] = str(town.b.owner.pk)
    with pytest.raises(CommandError, match=message):
        call_command("create_service", *[text for pair in given.items() for text in pair])
    with site_context("a test looks"):
        assert not ServiceAccount.objects.exists()


def test_a_service_of_a_name_that_is_taken_is_one_sentence(town: Town, ada: User) -> None:
    service(town.a.tenant, ada, READ)
    with pytest.raises(CommandError, match=r"^The tenant has a service of this name already\.$"):
        call_command(
            "create_service", "--tenant", town.a.tenant.slug, "--owner", "ada@example.com", "--name", "Night job",
            "--purpose", "x",
        )  # fmt: skip


def test_a_certificate_identity_is_created_once(town: Town, ada: User) -> None:
    found = service(town.a.tenant, ada, READ)
    made = printed("create_certificate_identity", "--service", "Night job", "--dns", "Build.Engines.example")
    assert (made["kind"], made["value"], made["service_id"]) == ("dns", "build.engines.example", str(found.pk))
    for name, message in (("build.engines.example", "a service already"), ("*.example", "no DNS name")):
        with pytest.raises(CommandError, match=message):
            call_command("create_certificate_identity", "--service", "Night job", "--dns", name)
    with site_context("a test looks"):
        assert CertificateIdentity.objects.count() == 1
