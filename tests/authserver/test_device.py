"""Signing in on a device without a browser (RFC 8628): the device polls while a person decides elsewhere."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.sign_in.rate_limits import Limit
from authserver.devices import codes
from authserver.endpoints import device as endpoint
from authserver.endpoints.token import DEVICE_CODE
from authserver.models import Consent, DeviceCode, GrantType, TokenFamily
from tests.support.apps import SCOPES
from tests.support.oauth import basic, registered, token_request
from tests.support.proven import proven

pytestmark = pytest.mark.django_db


class Television:
    """An app on a device: it shows a code, and polls."""

    def __init__(self, **chosen: Any) -> None:
        grants = [GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN]
        self.client, secret = registered(**{"name": "Television", "grants": grants, "scopes": SCOPES, **chosen})
        self.auth = basic(self.client.client_id, secret)

    def begin(self, scope: str = "openid offline_access") -> dict[str, Any]:
        response: Any = token_request(Browser(), {"scope": scope}, self.auth, path="/oauth/device")
        found: dict[str, Any] = response.json()
        return found

    def poll(self, device_code: str) -> Any:
        return token_request(Browser(), {"grant_type": DEVICE_CODE, "device_code": device_code}, self.auth)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


def enter(browser: Browser, typed: str) -> Any:
    return browser.post("/oauth/device/check", {"user_code": typed})


def rest() -> None:
    """Let the last poll be long enough ago."""
    DeviceCode.objects.update(polled_at=timezone.now() - timedelta(minutes=1))


def test_a_device_gets_tokens_after_a_person_has_agreed(ada: User) -> None:
    device, browser = Television(), proven(ada)
    begun = device.begin()

    assert begun["verification_uri"] == "http://127.0.0.1:8000/oauth/device"
    assert begun["interval"] == 5
    assert device.poll(begun["device_code"]).json()["error"] == "authorization_pending"
    page = enter(browser, begun["user_code"].lower().replace("-", " "))
    assert "Television" in page.content.decode()
    assert "Continue only if you started this yourself" in page.content.decode()
    assert "The device is connected" in browser.post(page.context["action"]).content.decode()

    rest()
    found = device.poll(begun["device_code"]).json()
    assert found["refresh_token"]
    assert jwt.decode(found["id_token"], options={"verify_signature": False})["sub"] == str(ada.pk)
    assert Consent.objects.get(user=ada).client_id == device.client.pk


def test_polling_too_fast_slows_down() -> None:
    device = Television()
    begun = device.begin()

    assert device.poll(begun["device_code"]).json()["error"] == "authorization_pending"
    assert device.poll(begun["device_code"]).json()["error"] == "slow_down"
    assert DeviceCode.objects.get().interval == 10


def test_a_device_learns_that_the_person_did_not_agree(ada: User) -> None:
    device, browser = Television(), proven(ada)
    begun = device.begin()
    page = enter(browser, begun["user_code"])

    browser.post(page.context["refuse_url"])

    assert device.poll(begun["device_code"]).json()["error"] == "access_denied"
    assert not Consent.objects.exists()


def test_a_device_code_ends_after_ten_minutes(ada: User) -> None:
    device = Television()
    begun = device.begin()
    old = timezone.now() - timedelta(minutes=10, seconds=1)
    DeviceCode.objects.update(created_at=old, expires_at=old + timedelta(minutes=10))

    assert device.poll(begun["device_code"]).json()["error"] == "expired_token"
    assert enter(proven(ada), begun["user_code"]).status_code == 302


def test_a_device_code_works_once_and_a_second_use_revokes_what_it_gave(ada: User) -> None:
    device, browser = Television(), proven(ada)
    begun = device.begin()
    browser.post(enter(browser, begun["user_code"]).context["action"])
    assert device.poll(begun["device_code"]).status_code == 200

    again = device.poll(begun["device_code"])

    assert again.json()["error"] == "invalid_grant"
    assert TokenFamily.objects.get().revoked_reason == "device_code_reused"


def test_an_answer_ends_with_the_session_in_which_it_was_given(ada: User) -> None:
    device, browser = Television(), proven(ada)
    ending, staying = device.begin("openid"), device.begin("openid offline_access")
    for begun in (ending, staying):
        browser.post(enter(browser, begun["user_code"]).context["action"])

    browser.post(browser.get("/oauth/logout").context["action"])

    assert device.poll(ending["device_code"]).json()["error"] == "invalid_grant"
    assert "refresh_token" in device.poll(staying["device_code"]).json()


def test_an_answer_that_comes_too_late_leaves_no_consent(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    device, browser = Television(), proven(ada)
    page, find = enter(browser, device.begin()["user_code"]), codes.find

    def refused_meanwhile(typed: str) -> DeviceCode | None:
        found = find(typed)
        DeviceCode.objects.update(refused_at=timezone.now())
        return found

    monkeypatch.setattr(codes, "find", refused_meanwhile)

    assert browser.post(page.context["action"]).status_code == 302
    assert not Consent.objects.exists()


def test_a_device_code_belongs_to_its_client(ada: User) -> None:
    device, other = Television(), Television()

    assert other.poll(device.begin()["device_code"]).json()["error"] == "invalid_grant"


def test_an_answer_to_another_code_or_organization_does_not_count(ada: User) -> None:
    device, browser = Television(), proven(ada)
    first, second = device.begin(), device.begin()
    page = enter(browser, first["user_code"])

    browser.post(page.context["action"].replace(first["user_code"], second["user_code"]))

    assert device.poll(second["device_code"]).json()["error"] == "authorization_pending"


@pytest.fixture
def one_window(time_machine: Any) -> None:
    """Let no window of ten minutes end during the test."""
    time_machine.move_to(timezone.now().replace(minute=5, second=0), tick=False)


def test_codes_cannot_be_guessed_for_long(ada: User, one_window: None) -> None:
    browser = proven(ada)

    found = [enter(browser, "BBBB-BBBB").status_code for _ in range(12)]

    assert found[:10] == [302] * 10
    assert found[10:] == [429] * 2


@pytest.mark.parametrize("answer", ["refuse", "allow/x"])
def test_codes_cannot_be_guessed_by_answers_either(ada: User, answer: str, one_window: None) -> None:
    browser = proven(ada)

    found = [browser.post(f"/oauth/device/{answer}?user_code=BBBB-BBBB").status_code for _ in range(12)]

    assert found[:10] == [302] * 10
    assert found[10:] == [429] * 2


def test_a_stranger_writes_device_codes_within_a_limit(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS_EXEMPT = []
    monkeypatch.setattr(endpoint, "ISSUED", Limit(kind="test.device_codes", most=2, seconds=86_400))
    television, _secret = registered(name="TV", grants=[GrantType.DEVICE_CODE], scopes=SCOPES, is_public=True)
    fields = {"scope": "openid", "client_id": television.client_id}

    answers = [token_request(Browser(), fields, path="/oauth/device") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert DeviceCode.objects.count() == 2


def test_a_client_without_the_grant_or_with_foreign_scopes_gets_no_code() -> None:
    device = Television(grants=[GrantType.CLIENT_CREDENTIALS])

    assert device.begin()["error"] == "unauthorized_client"
    assert Television().begin("openid billing")["error"] == "invalid_scope"


def test_codes_are_stored_as_digests() -> None:
    device = Television()
    begun = device.begin()
    row = DeviceCode.objects.get()

    values = " ".join(str(getattr(row, field.attname)) for field in row._meta.concrete_fields)
    assert begun["device_code"] not in values
    assert begun["user_code"].replace("-", "") not in values


def test_a_visitor_signs_in_first_and_keeps_the_code() -> None:
    response = Browser().get("/oauth/device?user_code=BCDF-GHJK")

    assert response.status_code == 302
    assert "user_code%3DBCDF-GHJK" in response.headers["Location"]


@pytest.mark.parametrize("typed", ["", "é", "\0", "B" * 5000, "BCDF-GHJK-LMNP", "\uff22\uff23\uff24\uff26"])
def test_what_cannot_be_a_code_is_not_found(typed: str) -> None:
    assert codes.find(typed) is None
