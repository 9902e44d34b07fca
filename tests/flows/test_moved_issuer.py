"""An issuer that moves (host name, realm, subjects) no longer matches anybody's identity: what people are told."""

import pytest

from accounts.models import Identity
from audit.models import Entry
from tests.flows.conftest import Browser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("moved", [{"issuer": "https://sso.example/realms/former"}, {"subject": "former"}])
@pytest.mark.promise(21)
def test_a_reauthentication_at_a_provider_that_moved_names_who_can_help(
    browser: Browser, moved: dict[str, str]
) -> None:
    """The kind of fault: a page advises a method that its reader does not have."""
    browser.sign_in("keycloak", "ada")
    Identity.objects.update(**moved)

    page = browser.sign_in("keycloak", "ada", process="reauthenticate")

    assert page.status_code == 403
    assert b"This is not one of your sign-in methods" in page.content
    assert b"Keycloak may identify you differently since it was moved or set up again" in page.content
    details = Entry.objects.get(action="sign_in.refused").details
    assert details
    assert details["reason"] == "identity_not_connected"
    assert f"Reference <code>{details['reference']}</code>" in page.content.decode()
    assert browser.account is not None
