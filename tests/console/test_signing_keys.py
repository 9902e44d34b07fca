"""The signing keys in the admin: superusers see their states, and withdraw one that leaked."""

from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from audit.models import Entry
from authserver.keys import pairs, ring
from authserver.models import SigningAlgorithm, TokenSigningKey
from tests.support.administrator import administrator, root
from tests.support.proven import proven

__all__ = ["administrator", "root"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_signing_keys")]

LIST = "/admin/authserver/tokensigningkey/"


@pytest.fixture
def kid() -> str:
    ring.forget()
    return ring.current().signer(SigningAlgorithm.RS256).kid


def html(browser: Client, url: str) -> str:
    found = browser.get(url)
    assert found.status_code == 200
    return found.content.decode()


def test_a_superuser_sees_the_states_and_never_a_private_key(administrator: Client, kid: str) -> None:
    listed, page = html(administrator, LIST), html(administrator, f"{LIST}{quote(kid)}/change/")
    assert listed.count(">signs<") == 3
    assert f"{LIST}{kid}/withdraw/" in page
    stored = TokenSigningKey.objects.get(pk=kid).private_key
    assert stored not in listed + page
    assert "private_key" not in listed + page


@pytest.mark.promise(66)
def test_a_key_is_withdrawn_after_a_confirmation(administrator: Client, root: User, kid: str) -> None:
    url = f"{LIST}{kid}/withdraw/"
    assert "Withdraw this signing key?" in html(administrator, url)
    assert not TokenSigningKey.objects.get(pk=kid).is_withdrawn
    assert administrator.post(url).status_code == 302
    assert TokenSigningKey.objects.get(pk=kid).is_withdrawn
    assert Entry.objects.get(action="signing_key.withdrawn").actor_id == str(root.pk)
    page = html(administrator, f"{LIST}{quote(kid)}/change/")
    assert "The key is withdrawn" in page
    assert url not in page
    assert ring.current().signer(SigningAlgorithm.RS256).kid != kid


def test_withdrawing_needs_a_reauthentication(administrator: Client, root: User, kid: str) -> None:
    browser = Client()
    browser.force_login(root, backend="accounts.sign_in.backends.AccountBackend")
    for answer in (browser.get(f"{LIST}{kid}/withdraw/"), browser.post(f"{LIST}{kid}/withdraw/")):
        assert answer.status_code == 302
    assert not TokenSigningKey.objects.filter(is_withdrawn=True).exists()


@pytest.mark.parametrize("path", ["", "{kid}/change/", "{kid}/withdraw/"])
def test_other_administrators_find_no_keys(kid: str, path: str) -> None:
    person = User.objects.create_user(username="clerk", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    browser, url = proven(person), LIST + path.format(kid=kid)
    assert {browser.get(url).status_code, browser.post(url).status_code} <= {302, 403, 404}
    assert not TokenSigningKey.objects.filter(is_withdrawn=True).exists()


def test_an_unknown_key_is_not_found(administrator: Client) -> None:
    assert administrator.post(f"{LIST}unknown/withdraw/").status_code == 404


def test_configured_keys_are_not_withdrawn_here(administrator: Client, kid: str, settings: Any) -> None:
    settings.OIDC_SIGNING_KEYS = [pairs.generate(SigningAlgorithm.RS256).pem]
    assert "OIDC_SIGNING_KEYS is set" in html(administrator, LIST)
    assert "/withdraw/" not in html(administrator, f"{LIST}{quote(kid)}/change/")
    administrator.post(f"{LIST}{kid}/withdraw/")
    assert not TokenSigningKey.objects.get(pk=kid).is_withdrawn
