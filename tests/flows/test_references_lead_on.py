"""With every reference on a page, an administrator finds what came, what was checked and how to fix it.

The kind of fault: a page shows a reference that cannot be found, or the answer helps only its author.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.organizations.invitations import InvitationRefusalReason as OfInvitation
from audit.events import Event
from providers.refusal import RefusalReason
from providers.refused.remedies import remedy_for
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.administrator import administrator, root

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db

FIND = "/admin/providers/refusedidentity/find/"
SHOWN = re.compile(r'class="reference">[^<]*<code>([^<]+)</code>')


def found(client: Client, page: Any) -> str:
    """Search for the reference on a page as an administrator does, and return the result."""
    reference = SHOWN.search(page.content.decode())
    assert reference, "the page shows a reference"
    told: str = client.get(FIND, {"reference": reference[1].lower().replace("-", "")}).content.decode()
    assert f">{reference[1]}</h2>" in told
    return told


@pytest.mark.parametrize(
    ("provider", "fault", "detail", "mend"),
    [
        ("google", "iss_wrong", "iss is another issuer", "or the issuer of its connection, exactly"),
        ("google", "alg_other_es256", "signed by ES256", "&lt;PROVIDER&gt;_SIGNING_ALGORITHMS"),
        ("keycloak", "token_401", "with invalid_client", "&lt;PROVIDER&gt;_CLIENT_SECRET"),
        ("keycloak", "token_500", "the token endpoint answered 500", "once the provider answers"),
        ("microsoft", "nonce_wrong", "nonce is not what it should be", "its administrator looks at the client"),
        ("github", "authorize_denied", "the provider answered access_denied", "signs in once more"),
    ],
)
@pytest.mark.promise(100)
def test_a_refused_sign_in(  # noqa: PLR0917  # a table's columns
    browser: Browser,
    providers: Sandbox,
    administrator: Client,
    provider: str,
    fault: str,
    detail: str,
    mend: str,
) -> None:
    if fault != "authorize_denied":
        providers.set_fault(provider, fault)
    page = browser.get(browser.callback_url(provider, None if fault == "authorize_denied" else "ada"))
    told = found(administrator, page)

    for said in (detail, "What would mend it", mend):
        assert said in told, said


@pytest.mark.promise(100)
def test_an_organization_of_others(browser: Browser, administrator: Client) -> None:
    browser.sign_in("google", "ada")
    page = browser.post("/accounts/organizations/switch/", {"organization": "0d9ff3c1-31b5-4a0e-9d2e-0d7a5f6f2c11"})

    assert "Invite the person into the organization" in found(administrator, page)


@pytest.mark.promise(100)
def test_an_invitation_that_is_none(browser: Browser, administrator: Client) -> None:
    page = browser.get("/accounts/invitation/0d9ff3c1-31b5-4a0e-9d2e-0d7a5f6f2c11/nothing/")

    assert "Invite the person once more" in found(administrator, page)


@pytest.mark.parametrize(
    "reason", [*RefusalReason, *OfInvitation], ids=lambda reason: f"{type(reason).__module__} {reason}"
)
@pytest.mark.promise(100)
def test_every_reason_has_a_remedy(reason: RefusalReason | OfInvitation) -> None:
    of_event: Callable[[str], Any] = lambda name: Event[name]  # noqa: E731  # reads well in the table
    action = of_event("INVITATION_REFUSED" if isinstance(reason, OfInvitation) else "SIGN_IN_REFUSED")

    assert str(remedy_for(action, reason.value))
    assert remedy_for(action, "a reason of tomorrow") == ""
