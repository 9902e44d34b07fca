"""Who may open the whole site's rows: every caller is listed here, with what it is for."""

import ast
import re
from pathlib import Path

import pytest

from config.variables import CHECKOUT
from tests.support.product import PACKAGES

CALLERS = {
    "accounts/organizations/delegation.py": "whether an account is one tenant's business alone, a yes or no",
    "accounts/management/commands/create_role.py": "an operator's global role",
    "accounts/management/commands/create_tenant.py": "an operator's new tenant",
    "accounts/management/commands/list_tenants.py": "an operator's list of tenants",
    "accounts/management/lookup.py": "the tenant and the role that an operator names",
    "accounts/organizations/domains/checking.py": "domains of all tenants that are due to be checked",
    "accounts/organizations/domains/claiming.py": "whether another tenant owns a domain, a yes or no",
    "accounts/organizations/domains/routing.py": "which tenant's connection the people of a domain sign in with",
    "accounts/organizations/own_organizations.py": "a person's primary tenant: the rows are several tenants'",
    "accounts/organizations/claim_rules/applying.py": "what claim rules give and take at a sign-in, in whatever tenant",
    "accounts/organizations/claim_rules/requested_claims.py": "which claims the rules of all tenants look at",
    "providers/moving/plan.py": "how many memberships came from claim rules, a number",
    "jobs/key_rotation.py": "secrets of all tenants, encrypted under the newest key",
    "jobs/purging/slices.py": "invitations of all tenants whose time is long over",
    "authserver/authorization/connected_apps.py": "the names of the organizations of a person's consents",
    "authserver/authorization/consents.py": "a person's consents, whoever their apps belong to",
    "authserver/authorization/decision.py": "whether a person is a member of a client's organization, a yes or no",
    "authserver/authorization/page.py": "the names of a person's own and a client's organization",
    "authserver/management/lookup.py": "the service that an operator names",
    "authserver/services/revocation.py": "the keys and services of people who are cut off, in whatever tenant",
    "authserver/management/commands/create_client.py": "an operator's new client, of the site or of a tenant",
    "console/request_context.py": "exports that superusers began",
    "accounts/bulk/running.py": "bulk actions that superusers began",
    "accounts/tasks.py": "bulk actions that were left, to be found again",
    "accounts/organizations/roles.py": "the built-in roles",
    "accounts/privacy/exporting.py": "what is kept about one person, for the export of it",
    "accounts/privacy/erasing.py": "what is kept about one person, to be removed",
    "webhooks/running.py": "webhooks of all tenants that are due, by id",
    "api/administration/acting.py": "superusers who use the API for administrators",
    "providers/connections/directory.py": "which connections there are, before a visitor's tenant is known",
    "providers/connections/acts.py": "the test of a connection of the site, which a superuser started",
    "providers/connections/owners.py": "whether an issuer belongs to somebody else, a yes or no",
    "config/management/commands/demo.py": "the demo's tenants, in development only",
    "accounts/organizations/middleware.py": "superusers in the admin",
}


@pytest.mark.promise(73)
def test_only_those_listed_open_the_whole_site() -> None:
    found = {
        str(file.relative_to(CHECKOUT))
        for folder in PACKAGES
        for file in (CHECKOUT / folder).rglob("*.py")
        if file.name != "context.py" and _calls(file)
    }

    assert found == set(CALLERS)


def test_the_image_holds_every_package() -> None:
    """One that was forgotten would be missed when the first container starts."""
    copied = {line.split()[1] for line in (CHECKOUT / "Dockerfile").read_text().splitlines() if line.startswith("COPY")}

    assert set(PACKAGES) <= copied


def test_what_the_image_holds_is_sent_to_its_build() -> None:
    """The kind of fault: a package that `.dockerignore` does not list, so that no image can be built."""
    copied = re.findall(r"^COPY (?!--)(\S+)", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    sent = re.findall(r"^!(\S+)$", (CHECKOUT / ".dockerignore").read_text(), re.MULTILINE)

    assert copied
    assert sent == copied


def _calls(file: Path) -> bool:
    return any(
        isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "site_context"
        for node in ast.walk(ast.parse(file.read_text()))
    )
