"""Codes, families and their tokens in what the house does with all rows: purges, cut-offs, exports and erasures."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts import cut_off
from accounts.models import CutOff, User
from accounts.privacy import erasing, exporting
from authserver.models import AccessToken, AuthorizationCode, Consent, RefreshPolicy, TokenFamily, TokenFormat
from foundation.derived_tokens import current_key
from jobs import purging
from tests.support.authorized import App, later, refused

pytestmark = pytest.mark.django_db
NEW, NEWER = ("another secret key that nobody has used before, and long " * 2, "a third one, as long as that " * 3)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(username="ada", name="Ada", email="ada@example.com", email_verified=True)


@pytest.fixture
def app(db: None) -> App:
    return App.registered(token_format=TokenFormat.OPAQUE)


def rows() -> tuple[int, int, int]:
    return AuthorizationCode.objects.count(), TokenFamily.objects.count(), AccessToken.objects.count()


def userinfo(access_token: str) -> int:
    answer: Any = Browser().get("/oauth/userinfo", headers={"Authorization": f"Bearer {access_token}"})
    return int(answer.status_code)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("time", "left"),
    [
        ({"minutes": 9}, (1, 1, 1)),
        ({"minutes": 12}, (0, 1, 0)),
        ({"days": 59}, (0, 1, 0)),
        ({"days": 61}, (0, 0, 0)),
        ({"days": -60}, (0, 0, 0)),  # a clock that was ahead has dated them
    ],
)
def test_the_purge_removes_what_is_over(app: App, ada: User, time: Any, left: tuple[int, int, int]) -> None:
    """Even in one run after a long time without one: a token refers to its family."""
    app.tokens(ada)
    later(**time)
    purging.purge()
    assert rows() == left


@pytest.mark.promise(60, 64)
@pytest.mark.parametrize("token_format", TokenFormat)
@pytest.mark.parametrize("how", ["refresh reused", "code reused", "consent withdrawn", "cut off"])
def test_access_tokens_die_with_their_grant(ada: User, token_format: TokenFormat, how: str) -> None:
    app = App.registered(token_format=token_format, refresh_policy=RefreshPolicy.STRICT)
    code = app.authorized(ada)
    first = app.redeem(code).json()
    second = app.refresh(first["refresh_token"]).json()
    assert [userinfo(one["access_token"]) for one in (first, second)] == [200, 200]
    if how == "refresh reused":
        assert refused(app.refresh(first["refresh_token"])) == "invalid_grant"
    elif how == "code reused":
        assert refused(app.redeem(code)) == "invalid_grant"
    elif how == "consent withdrawn":
        Consent.objects.update(withdrawn_at=timezone.now())
    else:
        cut_off.cut_off(ada, by=CutOff.By.ADMINISTRATOR, close=False)
    assert [userinfo(one["access_token"]) for one in (first, second)] == [401, 401]
    assert refused(app.refresh(second["refresh_token"])) == "invalid_grant"


@pytest.mark.promise(31)
def test_a_cut_off_counts_and_confirms_what_apps_held(
    app: App, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    app.tokens(ada)
    code = app.authorized(ada)
    with django_capture_on_commit_callbacks(execute=True):
        cut_off.cut_off(ada, by=CutOff.By.ADMINISTRATOR, close=False)
    check = CutOff.objects.get().checks["app_tokens"]
    assert (check["ended"], check["alive"]) == (1, 0)
    assert check["confirmed_at"]
    assert refused(app.redeem(code)) == "invalid_grant"


@pytest.mark.promise(31)
def test_after_a_cut_off_the_person_can_authorize_the_app_again(app: App, ada: User) -> None:
    app.tokens(ada)
    cut_off.cut_off(ada, by=CutOff.By.ADMINISTRATOR, close=False)
    assert app.refresh(app.tokens(ada)["refresh_token"]).status_code == 200


def test_an_export_names_the_apps_and_holds_no_secret(app: App, ada: User) -> None:
    code = app.authorized(ada, nonce="a nonce", session_key="k" * 32)
    tokens = app.redeem(code).json()
    exported = "".join(exporting.export(ada))
    assert all(f'"authserver.{name}"' in exported for name in ("TokenFamily", "AuthorizationCode", "Consent"))
    assert "Harbour" in exported
    for secret in (code, tokens["refresh_token"], tokens["access_token"], "a nonce", "k" * 32):
        assert secret not in exported


def test_an_erasure_leaves_nothing_and_voids_everything(app: App, ada: User) -> None:
    tokens = app.tokens(ada)
    erasing.erase(ada, reason="a test")
    assert rows() == (0, 0, 0)
    assert not Consent.objects.exists()
    assert refused(app.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert userinfo(tokens["access_token"]) == 401


@pytest.mark.promise(93)
def test_a_family_survives_a_new_secret_key_and_moves_to_it(app: App, ada: User, settings: Any) -> None:
    former = settings.SECRET_KEY
    token, rested = app.tokens(ada)["refresh_token"], app.tokens(ada)["refresh_token"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [former]
    new = app.refresh(token).json()["refresh_token"]
    assert TokenFamily.objects.get(generation=1).key_id == current_key()
    assert app.refresh(token).json()["refresh_token"] == new, "the successor is said again under its own key"
    settings.SECRET_KEY_FALLBACKS = []
    assert app.refresh(new).status_code == 200
    assert refused(app.refresh(rested)) == "invalid_grant"


@pytest.mark.promise(93)
def test_an_answer_from_before_a_new_key_is_given_again(app: App, ada: User, settings: Any) -> None:
    token = app.tokens(ada)["refresh_token"]
    new = app.refresh(token).json()["refresh_token"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [settings.SECRET_KEY]
    assert app.refresh(token).json()["refresh_token"] == new


@pytest.mark.promise(93)
def test_an_answer_under_a_key_that_is_gone_is_refused(app: App, ada: User, settings: Any) -> None:
    former = settings.SECRET_KEY
    token = app.tokens(ada)["refresh_token"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [former]
    assert app.refresh(token).status_code == 200
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEWER, [former]
    assert refused(app.refresh(token)) == "invalid_grant"
    assert TokenFamily.objects.get().revoked_at is None
