"""A new key: everything is encrypted anew under it, while it is read."""

import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.db import connection

from accounts.mailing import mail
from accounts.models import User
from accounts.sign_in.factors import totp
from accounts.tasks import rotate_encryption_keys
from foundation.encryption import decrypt, key_ids, key_of
from jobs import key_rotation
from jobs.deferred.worker import run
from jobs.models import DeferredTask
from providers.models import UpstreamTokens
from providers.vault import get_token
from tenancy import site_context
from tests.flows.conftest import Browser, browser, new_browser
from tests.tenancy.conftest import Town, town
from webhooks.models import Webhook
from webhooks.signing import encrypted, secrets_of

__all__ = ["browser", "new_browser", "town"]

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture
def ada(browser: Browser) -> User:
    browser.sign_in("keycloak", "ada")
    return User.objects.get(name="Ada Lovelace")


def counts() -> dict[str, dict[str, int]]:
    return {one.name: one.by_key for one in key_rotation.count_keys() if one.by_key}


def test_everything_is_encrypted_anew_and_read_as_before(ada: User, town: Town, settings: Any) -> None:
    secret = totp.new_secret()
    app = totp.add(ada, secret, 0)
    with site_context("a test keeps a webhook"):
        webhook = Webhook(tenant=town.a.tenant, name="Receiver", url="https://receiver.example/")
        webhook.secret = encrypted("whsec_AAAA", webhook)
        webhook.save()
    mail.send("ada@example.com", "email_changed", {})
    token, (old,) = get_token(ada, "keycloak"), key_ids()
    settings.TOKEN_ENCRYPTION_KEYS = [FIRST]
    new = key_ids()[0]
    assert {name: under for name, under in counts().items() if under != {old: 1}} == {}

    call_command("encryption_keys", "rotate")

    assert set(map(str, counts().values())) == {str({new: 1})}
    assert len(counts()) == 6
    assert get_token(ada, "keycloak") == token
    app = Authenticator.objects.get(pk=app.pk)
    assert decrypt(app.data["secret"], owner=ada.pk, purpose=totp.PURPOSE) == secret
    assert run(DeferredTask.objects.get().pk)
    with site_context("a test looks"):
        assert secrets_of(Webhook.objects.get(pk=webhook.pk)) == ["whsec_AAAA"]
    assert [one.renewed for one in key_rotation.rotate() if one.renewed] == []


def test_the_job_does_it_once_for_each_key(ada: User, settings: Any) -> None:
    rotate_encryption_keys()
    settings.TOKEN_ENCRYPTION_KEYS = [FIRST]
    assert key_of(UpstreamTokens.objects.get().access) != key_ids()[0]

    rotate_encryption_keys()

    assert key_of(UpstreamTokens.objects.get().access) == key_ids()[0]
    assert key_rotation.rotate(seconds=10) == []


def test_nothing_fails_to_be_read_while_keys_change(ada: User, settings: Any) -> None:
    """One reads without pause, and the keys change ten times."""
    settings.TOKEN_ENCRYPTION_KEYS = [FIRST]
    token, ended, read, troubles = get_token(ada, "keycloak"), threading.Event(), [], list[BaseException]()

    def reading() -> None:
        try:
            while not ended.is_set():
                read.append(get_token(ada, "keycloak"))
        except BaseException as trouble:  # noqa: BLE001  # told below
            troubles.append(trouble)
        finally:
            connection.close()

    reader = threading.Thread(target=reading)
    reader.start()
    for _ in range(10):
        settings.TOKEN_ENCRYPTION_KEYS = (
            settings.TOKEN_ENCRYPTION_KEYS[::-1] if len(settings.TOKEN_ENCRYPTION_KEYS) > 1 else [SECOND, FIRST]
        )
        key_rotation.rotate()
    ended.set()
    reader.join()

    assert troubles == []
    assert len(read) > 10
    assert set(read) == {token}


def test_a_text_that_changed_meanwhile_is_left_as_it_is(ada: User, settings: Any) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [FIRST]
    column = next(one for one in key_rotation.encrypted() if one.about == "providers.upstreamtokens.access")
    read = key_rotation.rows_of(column).get()
    UpstreamTokens.objects.update(access="2.newer.")

    assert not key_rotation.write(column, read, "2.older.")
    assert UpstreamTokens.objects.get().access == "2.newer."


def test_texts_that_cannot_be_decrypted_are_counted_and_reported(
    ada: User, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SECRET_KEY = "another key than before " * 4

    with pytest.raises(SystemExit):
        call_command("encryption_keys", "rotate")

    said = capsys.readouterr().out
    assert "providers_upstreamtokens.access: 1 under" in said
    assert "1 under keys that are not listed and so cannot be decrypted" in said
