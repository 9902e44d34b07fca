"""Authorization codes: each works once, within a minute, for its client, and only with the right PKCE verifier."""

import base64
from datetime import timedelta
from hashlib import sha256

import pytest

from accounts.models import User
from audit.models import Entry
from authserver.models import AuthorizationCode, TokenFamily, TokenFormat
from tests.authserver.voiding import VOIDING
from tests.support.authorized import App, authorized, later, refused
from tests.support.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(username="ada", name="Ada", email="ada@example.com", email_verified=True)


@pytest.fixture
def app(db: None) -> App:
    return App.registered()


def reasons() -> list[str]:
    entries = Entry.objects.filter(action="tokens.refused").order_by("id")
    return [entry.details["reason"] for entry in entries if entry.details]


@pytest.mark.promise(58)
def test_a_code_gives_tokens_and_leaves_a_family(app: App, ada: User) -> None:
    answer = app.redeem(app.authorized(ada))
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    family = TokenFamily.objects.get()
    assert (family.user, family.client_id, family.generation) == (ada, app.client.pk, 0)
    assert family.expires_at - family.created_at == timedelta(days=30)


@pytest.mark.promise(58)
def test_a_second_use_is_refused_and_kills_what_the_first_issued(app: App, ada: User) -> None:
    code = app.authorized(ada)
    first = app.redeem(code).json()
    again = app.refresh(first["refresh_token"]).json()

    assert refused(app.redeem(code)) == "invalid_grant"
    assert TokenFamily.objects.get().revoked_reason == "code_reused"
    for token in (first["refresh_token"], again["refresh_token"]):
        assert refused(app.refresh(token)) == "invalid_grant"
    assert refused(app.redeem(code)) == "invalid_grant"
    (entry,) = Entry.objects.filter(action="tokens.reused")
    assert entry.person == str(ada.pk)
    assert entry.details is not None
    assert (entry.details["reason"], entry.details["behind"]) == ("code_reused", 1)


@pytest.mark.promise(58)
def test_a_second_use_is_noticed_after_the_code_has_expired(app: App, ada: User) -> None:
    code = app.authorized(ada)
    token = app.redeem(code).json()["refresh_token"]
    later(minutes=9)
    assert refused(app.redeem(code)) == "invalid_grant"
    assert refused(app.refresh(token)) == "invalid_grant"


@pytest.mark.promise(58)
@pytest.mark.parametrize(("seconds", "works"), [(59, True), (60.1, False), (3600, False), (-60, False)])
def test_a_code_lives_a_minute(app: App, ada: User, seconds: float, *, works: bool) -> None:
    """One of the future was dated by a clock that was ahead."""
    code = app.authorized(ada)
    later(seconds=seconds)
    assert (app.redeem(code).status_code == 200) is works


@pytest.mark.promise(58)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_public", [False, True])
def test_of_eight_at_once_one_wins_and_the_others_kill_it(ada: User, *, is_public: bool) -> None:
    app = App.registered(is_public=is_public)
    code = app.authorized(ada)
    answers = together(*[lambda: app.redeem(code)] * 8)
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    assert refused(app.refresh(winner.json()["refresh_token"])) == "invalid_grant"
    assert TokenFamily.objects.get().revoked_reason == "code_reused"
    assert Entry.objects.filter(action="tokens.reused").count() == 1


@pytest.mark.promise(58)
@pytest.mark.parametrize("is_public", [False, True])
def test_another_client_can_neither_redeem_a_code_nor_use_it_up(app: App, ada: User, *, is_public: bool) -> None:
    """As in CVE-2026-55672 of Zitadel."""
    other = App.registered(name="Other", is_public=is_public)
    code = app.authorized(ada)
    other.verifier = app.verifier
    assert refused(other.redeem(code)) == "invalid_grant"
    assert app.redeem(code).status_code == 200
    assert refused(other.redeem(code)) == "invalid_grant"
    assert TokenFamily.objects.get().revoked_at is None, "another client's use is not a second use"


@pytest.mark.promise(58)
@pytest.mark.parametrize("named", ["client_id", "basic"])
def test_a_request_that_names_two_clients_is_refused(app: App, ada: User, named: str) -> None:
    """As in CVE-2026-118669 of OAuthLib: one is authenticated, and the code of the other is redeemed."""
    other = App.registered(name="Other")
    code = app.authorized(ada)
    attacker, victim = (other, app) if named == "client_id" else (app, other)
    attacker.verifier = app.verifier
    assert refused(attacker.redeem(code, client_id=victim.client.client_id)) == "invalid_request"


@pytest.mark.promise(56)
@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback/", "https://app.example/callbac", "https://APP.example/callback",
        "https://app.example/callback?", "https://app.example/callback#", "https://app.example:443/callback",
        "https://app.example/%63allback", " https://app.example/callback",
    ],
)  # fmt: skip
def test_the_redirect_uri_is_the_same_string(app: App, ada: User, uri: str) -> None:
    code = app.authorized(ada)
    assert refused(app.redeem(code, redirect_uri=uri)) == "invalid_grant"
    assert refused(app.redeem(code)) == "invalid_grant", "a wrong guess has used it up"
    assert reasons() == ["redirect_uri_wrong", "code_reused"]
    assert not TokenFamily.objects.exists()


@pytest.mark.promise(56)
def test_the_redirect_uri_is_required(app: App, ada: User) -> None:
    assert refused(app.redeem(app.authorized(ada), redirect_uri=None)) == "invalid_request"


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.promise(57)
@pytest.mark.parametrize(
    "wrong",
    [None, "", "x", "a" * 43, "a" * 129, "ä" * 43, "challenge", "{} ", "{}\n", "{}=", "{}a"],
)
def test_the_verifier_is_the_right_one(app: App, ada: User, wrong: str | None) -> None:
    """Missing, empty, wrong, the challenge itself (``plain``), or the right one with something added."""
    code = app.authorized(ada)
    given = challenge_of(app.verifier) if wrong == "challenge" else wrong and wrong.format(app.verifier)
    assert refused(app.redeem(code, code_verifier=given)) == "invalid_grant"
    assert refused(app.redeem(code)) == "invalid_grant", "a wrong guess has used it up"
    assert not TokenFamily.objects.exists()


@pytest.mark.promise(57)
def test_a_verifier_without_a_challenge_is_refused(app: App, ada: User) -> None:
    """The challenge was stripped from the authorization request (RFC 9700, section 4.8.2)."""
    code = authorized(app.client, ada)
    assert refused(app.redeem(code, code_verifier="a" * 43)) == "invalid_grant"


@pytest.mark.promise(86)
@pytest.mark.parametrize("act", VOIDING)
def test_a_code_is_void_after_what_voids_its_grant(app: App, ada: User, act: str) -> None:
    code = app.authorized(ada)
    VOIDING[act](app.client, ada)
    assert refused(app.redeem(code)) in {"invalid_grant", "invalid_client"}
    assert not TokenFamily.objects.exists()


@pytest.mark.promise(62)
@pytest.mark.parametrize("token_format", TokenFormat)
def test_without_offline_access_there_is_no_refresh_token(ada: User, token_format: TokenFormat) -> None:
    app = App.registered(token_format=token_format)
    answer = app.tokens(ada, scopes=("openid",))
    assert "refresh_token" not in answer
    family = TokenFamily.objects.get()
    assert family.expires_at - family.created_at == timedelta(minutes=10)


def test_the_text_of_a_code_is_stored_nowhere(app: App, ada: User) -> None:
    code = app.authorized(ada)
    assert code not in str(list(AuthorizationCode.objects.values()))


@pytest.mark.parametrize("code", ["x", "ä", "a" * 60_000, "\ud7ff", "%00"])
def test_what_is_no_code_is_refused(app: App, code: str) -> None:
    assert refused(app.redeem(code, code_verifier="a" * 43)) in {"invalid_grant", "invalid_request"}
