"""`manage.py create_client`: what scripts of other people rely on."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from accounts.models import Tenant
from audit.models import Entry
from authserver.models import Client, ClientSecret, RegisteredScope
from tenancy import site_context
from tests.support.oauth import basic, document, token_request
from tests.support.services import READ, clerk, service

pytestmark = pytest.mark.django_db
OWN = ("--name", "Jobs", "--grant", "client_credentials")
WEB = ("--name", "Web", "--grant", "authorization_code", "--redirect-uri", "https://app.example/callback")


def created(*arguments: str) -> dict[str, Any]:
    printed = StringIO()
    call_command("create_client", *arguments, "--json", stdout=printed)
    assert printed.getvalue().count("\n") == 1
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def stored(client_id: str) -> Client:
    with site_context("a test looks"):
        found: Client = Client.objects.get(client_id=client_id)
    return found


def test_it_prints_the_id_and_the_secret_once_and_they_work() -> None:
    found = created(*OWN, "--scope", "reports:read", "--scope", "reports:write")
    assert found.keys() == {"client_id", "client_secret"}
    assert list(RegisteredScope.objects.values_list("name", flat=True)) == ["reports:read", "reports:write"]
    fields = {"grant_type": "client_credentials", "scope": "reports:read"}
    answer = token_request(Browser(), fields, basic(found["client_id"], found["client_secret"]))
    assert document(answer)["scope"] == "reports:read"
    (entry,) = Entry.objects.filter(action="client.registered")
    assert (entry.actor_kind, entry.actor_id) == ("command", "create_client")
    assert found["client_secret"] not in str(list(Entry.objects.values()))


def test_options_repeat_and_the_defaults_are_the_safe_ones() -> None:
    found = created(
        *WEB, "--redirect-uri", "http://127.0.0.1/callback", "--grant", "refresh_token", "--scope", "openid",
        "--post-logout-redirect-uri", "https://app.example/out", "--resource", "https://api.example/",
        "--backchannel-logout-uri", "https://app.example/logout", "--web-origin", "https://app.example",
    )  # fmt: skip
    client = stored(found["client_id"])
    assert client.grants == ["authorization_code", "refresh_token"]
    assert client.redirect_uris == ["https://app.example/callback", "http://127.0.0.1/callback"]
    assert client.post_logout_redirect_uris == ["https://app.example/out"]
    assert client.web_origins == ["https://app.example"]
    assert (client.resources, client.backchannel_logout_uri) == (["https://api.example/"], "https://app.example/logout")
    assert (client.tenant_id, client.is_public, client.is_first_party, client.is_pkce_optional) == (
        None, False, False, False,
    )  # fmt: skip
    assert (client.token_format, client.refresh_policy, client.signing_algorithm) == ("jwt", "web", "RS256")
    assert not client.is_delegated


def test_a_public_app_has_no_secret() -> None:
    found = created(*WEB, "--public", "--first-party")
    assert found["client_secret"] is None
    client = stored(found["client_id"])
    assert (client.is_public, client.is_first_party) == (True, True)
    assert not ClientSecret.objects.exists()


@pytest.mark.parametrize("named", ["id", "slug"])
def test_a_tenant_is_named_by_id_or_short_name(named: str) -> None:
    with site_context("a test makes a tenant"):
        tenant = Tenant.objects.create(name="Harbour Works", slug="harbour")
    found = created(*OWN, "--tenant", str(tenant.pk) if named == "id" else "harbour")
    assert stored(found["client_id"]).tenant_id == tenant.pk


def test_every_choice_can_be_made() -> None:
    found = created(
        *OWN, "--token-format", "opaque", "--refresh-policy", "agent", "--signing-algorithm", "Ed25519",
        "--pkce-optional",
    )  # fmt: skip
    client = stored(found["client_id"])
    assert (client.token_format, client.refresh_policy, client.signing_algorithm) == ("opaque", "agent", "Ed25519")
    assert client.is_pkce_optional


@pytest.mark.promise(57)
def test_pkce_is_not_optional_in_production(settings: Any) -> None:
    settings.PKCE_MAY_BE_OPTIONAL = False
    with pytest.raises(CommandError, match="production"):
        created(*OWN, "--pkce-optional")
    assert not Client._base_manager.exists()  # noqa: SLF001  # whatever the context


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("--name", "x"), ("--grant", "client_credentials"), (*OWN, "--grant", "password"),
        (*OWN, "--tenant", "unknown"), (*OWN, "--scope", "two words"), (*OWN, "--public"), ("--name", "", *OWN[2:]),
        (*WEB, "--redirect-uri", "http://app.example/"), ("--name", "x", "--grant", "authorization_code"),
        (*WEB, "--redirect-uri", "javascript:alert(1)"), (*OWN, "--resource", "reports"), (*OWN, "--secret", "chosen"),
        (*OWN, "--token-format", "xml"), (*OWN, "--refresh-policy", "none"), (*OWN, "--signing-algorithm", "none"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_nothing_is_registered(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused:
        created(*arguments)
    assert "\n" not in str(refused.value).strip()
    assert not Client._base_manager.exists()  # noqa: SLF001  # whatever the context
    assert not RegisteredScope.objects.exists()


def test_without_json_it_says_that_the_secret_is_shown_once() -> None:
    printed = StringIO()
    call_command("create_client", *OWN, stdout=printed)
    assert "shown this once" in printed.getvalue()
    printed = StringIO()
    call_command("create_client", *WEB, "--public", stdout=printed)
    assert "has no secret" in printed.getvalue()


def test_an_app_acts_as_a_service_of_its_tenant() -> None:
    with site_context("a test makes tenants"):
        dock = Tenant.objects.create(name="Dock", slug="dock")
        Tenant.objects.create(name="Other", slug="other")
    night_job = service(dock, clerk(dock, READ), READ)
    found = created(*OWN, "--scope", READ, "--service", "Night job", "--tenant", "dock")
    client = stored(found["client_id"])
    assert (client.service_id, client.tenant_id) == (night_job.pk, dock.pk)
    assert stored(created(*OWN, "--service", str(night_job.pk))["client_id"]).tenant_id == dock.pk
    auth = basic(found["client_id"], found["client_secret"])
    assert token_request(Browser(), {"grant_type": "client_credentials", "scope": READ}, auth).status_code == 200
    for wrong in (
        (*OWN, "--service", "Night job", "--tenant", "other"),
        (*OWN, "--service", "Day job"),
        (*WEB, "--service", "Night job"),
    ):
        with pytest.raises(CommandError):
            created(*wrong)
