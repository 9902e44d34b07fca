"""Refresh tokens: each use replaces the token, and what a second use means depends on the policy of the client."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from accounts.models import User
from audit.models import Entry
from authserver.models import AccessToken, Client, RefreshPolicy, TokenFamily, TokenFormat
from authserver.tokens.refresh_tokens import RefreshToken
from foundation.derived_tokens import current_key
from tenancy import site_context
from tests.authserver.voiding import VOIDING
from tests.support.authorized import ALL, App, later, refused

pytestmark = pytest.mark.django_db
STRICT, WEB, AGENT = RefreshPolicy.STRICT, RefreshPolicy.WEB, RefreshPolicy.AGENT
SAME, REFUSED, REVOKED = "the same answer", "refused", "revoked"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(username="ada", name="Ada", email="ada@example.com", email_verified=True)


@pytest.fixture
def app(db: None) -> App:
    return App.registered()


def family() -> TokenFamily:
    return TokenFamily.objects.get()


def reasons() -> list[str]:
    entries = Entry.objects.filter(action="tokens.refused").order_by("id")
    return [entry.details["reason"] for entry in entries if entry.details]


def rotated(app: App, user: User, *, times: int, seconds: float = 0) -> list[str]:
    """Return the refresh tokens of a family, oldest first, refreshed so many times with so much time between."""
    found = [app.tokens(user)["refresh_token"]]
    for _ in range(times):
        later(seconds=seconds)
        found.append(app.refresh(found[-1]).json()["refresh_token"])
    return found


@pytest.mark.promise(60)
def test_a_refresh_replaces_the_token(app: App, ada: User) -> None:
    first = app.tokens(ada)
    answer = app.refresh(first["refresh_token"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    again = answer.json()
    assert set(again) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert again["refresh_token"] != first["refresh_token"]
    assert again["access_token"] != first["access_token"]
    assert family().generation == 1


# How many generations a token is behind, how many seconds pass between refreshes, and how many before its second use
CASES = [
    (STRICT, 1, 0, 0, REVOKED),
    (STRICT, 2, 0, 0, REVOKED),
    (WEB, 1, 0, 9, SAME),
    (WEB, 1, 0, 11, REVOKED),
    (WEB, 2, 0, 9, REFUSED),
    (WEB, 2, 0, 11, REVOKED),
    (WEB, 2, 11, 0, REVOKED),  # the window begins with its own use, however recent the last refresh is
    (WEB, 8, 0, 5, REFUSED),
    (WEB, 9, 0, 5, REVOKED),
    (WEB, 40, 1, 0, REVOKED),
    (AGENT, 1, 0, 11, SAME),
    (AGENT, 1, 0, 3600, SAME),
    (AGENT, 1, 0, 13 * 86_400, SAME),
    (AGENT, 1, 0, 15 * 86_400, REFUSED),  # the successor has been unused for too long
    (AGENT, 2, 0, 590, REFUSED),
    (AGENT, 2, 0, 610, REVOKED),
    (AGENT, 3, 310, 0, REVOKED),  # the first use was 620 s ago: nobody hides a copy by refreshing quickly
    (AGENT, 3, 120, 0, REFUSED),
    (AGENT, 40, 1, 0, REVOKED),
]


@pytest.mark.promise(60)
@pytest.mark.parametrize(("policy", "behind", "between", "after", "expected"), CASES)
def test_a_second_use(  # the columns of a table
    ada: User, policy: RefreshPolicy, behind: int, between: float, after: float, expected: str
) -> None:
    app = App.registered(refresh_policy=policy)
    tokens = rotated(app, ada, times=behind, seconds=between)
    later(seconds=after)

    answer = app.refresh(tokens[0])
    stands = family().revoked_at is None
    if expected == SAME:
        assert answer.json()["refresh_token"] == tokens[-1], "said again, not made anew"
        assert answer.json()["access_token"]
        assert (family().generation, stands) == (behind, True)
    else:
        assert refused(answer) == "invalid_grant"
        assert stands is (expected == REFUSED)
    if stands and after < 86_400:
        assert app.refresh(tokens[-1]).status_code == 200, "the current token is as good as before"
    elif not stands:
        assert refused(app.refresh(tokens[-1])) == "invalid_grant"
        assert family().revoked_reason == "reused"
        (entry,) = Entry.objects.filter(action="tokens.reused")
        assert entry.details is not None
        assert entry.details["behind"] == behind


@pytest.mark.promise(60)
@pytest.mark.parametrize(("window", "seconds", "works"), [(0, 0, False), (30, 29, True), (30, 31, False)])
def test_an_operator_sets_the_window_of_web(
    app: App, ada: User, settings: Any, window: int, seconds: int, *, works: bool
) -> None:
    settings.REFRESH_REUSE_WINDOW = timedelta(seconds=window)
    old, _ = rotated(app, ada, times=1)
    later(seconds=seconds)
    assert (app.refresh(old).status_code == 200) is works
    assert (family().revoked_at is None) is works


@pytest.mark.promise(60)
def test_a_copy_that_is_refreshed_faster_than_the_window_is_found(ada: User) -> None:
    """A thief refreshes every minute, and the agent sleeps for five hours. Its own token comes late, and is judged."""
    app = App.registered(refresh_policy=AGENT)
    stolen = app.tokens(ada)["refresh_token"]
    token = stolen
    for _ in range(30):
        later(seconds=60)
        token = app.refresh(token).json()["refresh_token"]
    assert refused(app.refresh(stolen)) == "invalid_grant"
    assert refused(app.refresh(token)) == "invalid_grant"
    assert family().revoked_reason == "reused"


@pytest.mark.promise(60)
@pytest.mark.parametrize("policy", RefreshPolicy)
def test_a_use_dated_by_a_clock_that_was_ahead_is_not_recent(ada: User, policy: RefreshPolicy) -> None:
    app = App.registered(refresh_policy=policy)
    old = rotated(app, ada, times=2)[0]
    later(days=-300)
    TokenFamily.objects.update(expires_at=F("expires_at") - timedelta(days=300))
    assert refused(app.refresh(old)) == "invalid_grant"
    assert family().revoked_at


@pytest.mark.promise(60)
def test_a_generation_that_does_not_exist_yet_is_refused_and_ends_nothing(app: App, ada: User) -> None:
    """As after the database was restored from a copy."""
    token = app.tokens(ada)["refresh_token"]
    future = RefreshToken(family=family().pk, generation=7).text(current_key())
    assert refused(app.refresh(future)) == "invalid_grant"
    assert app.refresh(token).status_code == 200


@pytest.mark.promise(62)
@pytest.mark.parametrize("is_public", [False, True])
@pytest.mark.parametrize("is_used", [False, True])
def test_another_client_can_neither_use_nor_end_a_family(
    app: App, ada: User, *, is_public: bool, is_used: bool
) -> None:
    """As in CVE-2026-55672 of Zitadel."""
    other = App.registered(name="Other", is_public=is_public, refresh_policy=STRICT)
    tokens = rotated(app, ada, times=1)
    assert refused(other.refresh(tokens[0 if is_used else 1])) == "invalid_grant"
    assert app.refresh(tokens[1]).status_code == 200


@pytest.mark.promise(62)
def test_a_request_that_names_two_clients_is_refused(app: App, ada: User) -> None:
    """As in CVE-2026-118669 of OAuthLib: one is authenticated, and the token of the other is refreshed."""
    other = App.registered(name="Other", is_public=True)
    token = app.tokens(ada)["refresh_token"]
    assert refused(app.refresh(token, client_id=other.client.client_id)) == "invalid_request"
    assert refused(other.refresh(token, client_id=app.client.client_id)) == "invalid_client"
    assert app.refresh(token).status_code == 200


@pytest.mark.promise(62)
def test_scopes_are_narrowed_for_one_answer_and_never_widened(app: App, ada: User) -> None:
    token = app.tokens(ada, scopes=("openid", "email", "offline_access"))["refresh_token"]
    narrow = app.refresh(token, scope="email").json()
    assert (narrow["scope"], "id_token" in narrow) == ("email", False)
    for excess in ("openid profile", "profile", "orders.read", "EMAIL"):
        assert refused(app.refresh(narrow["refresh_token"], scope=excess)) == "invalid_scope"
    whole = app.refresh(narrow["refresh_token"])
    assert whole.json()["scope"] == "openid email offline_access", "a refused wish leaves the token unused"


@pytest.mark.promise(62)
@pytest.mark.parametrize("policy", [WEB, AGENT])
def test_a_repeated_answer_is_not_widened_either(ada: User, policy: RefreshPolicy) -> None:
    app = App.registered(refresh_policy=policy)
    token = app.tokens(ada, scopes=("openid", "offline_access"))["refresh_token"]
    assert app.refresh(token, scope="openid").status_code == 200
    assert refused(app.refresh(token, scope="openid email")) == "invalid_scope"
    assert app.refresh(token).json()["scope"] == "openid offline_access"


@pytest.mark.promise(62)
def test_what_was_taken_from_the_client_is_not_given_any_more(app: App, ada: User) -> None:
    target = "https://orders.example"
    with site_context("a test gives an app a resource server"):
        Client.objects.filter(pk=app.client.pk).update(resources=[target])
    app.client.resources = [target]
    plain = app.tokens(ada)["refresh_token"]
    aimed = app.tokens(ada, resources=[target])["refresh_token"]
    with site_context("a test takes rights from an app"):
        Client.objects.filter(pk=app.client.pk).update(scopes=["openid", "offline_access"], resources=[])
    assert app.refresh(plain).json()["scope"] == "openid offline_access"
    assert refused(app.refresh(aimed)) == "invalid_target"


@pytest.mark.promise(62)
@pytest.mark.parametrize("days", [13.9, 14.1])
def test_a_token_that_is_unused_for_14_days_is_over(app: App, ada: User, days: float) -> None:
    token = app.tokens(ada)["refresh_token"]
    later(days=days)
    assert (app.refresh(token).status_code == 200) is (days < 14)


@pytest.mark.promise(62)
def test_a_family_ends_after_30_days_however_often_it_is_refreshed(app: App, ada: User) -> None:
    token = app.tokens(ada)["refresh_token"]
    for _ in range(3):
        later(days=9.9)
        token = app.refresh(token).json()["refresh_token"]
    later(days=0.2999)
    last = app.refresh(token).json()
    assert last["expires_in"] < 10, "the access token ends with its family"
    later(minutes=1)
    assert refused(app.refresh(last["refresh_token"])) == "invalid_grant"


@pytest.mark.promise(62)
def test_an_opaque_access_token_ends_with_its_family(ada: User) -> None:
    app = App.registered(token_format=TokenFormat.OPAQUE)
    token = app.tokens(ada)["refresh_token"]
    TokenFamily.objects.update(expires_at=F("expires_at") - timedelta(days=29, hours=23, minutes=59))
    app.refresh(token)
    newest = AccessToken.objects.order_by("expires_at").first()
    assert newest is not None
    assert newest.expires_at <= family().expires_at


@pytest.mark.promise(31, 86)
@pytest.mark.parametrize("policy", RefreshPolicy)
@pytest.mark.parametrize("act", VOIDING)
def test_nothing_is_refreshed_after_what_voids_the_grant(ada: User, act: str, policy: RefreshPolicy) -> None:
    """Neither by the current token nor by a repeat. A grant that is void stays so when its client or person is back."""
    app = App.registered(refresh_policy=policy)
    old, new = rotated(app, ada, times=1)
    VOIDING[act](app.client, ada)
    for token in (new, old, new):
        assert refused(app.refresh(token)) in {"invalid_grant", "invalid_client"}
    assert not Entry.objects.filter(action="tokens.reused").exists(), "what is over cannot be reused"


@pytest.mark.promise(31)
def test_a_deleted_account_refreshes_nothing(app: App, ada: User) -> None:
    token = app.tokens(ada)["refresh_token"]
    ada.delete()
    assert refused(app.refresh(token)) == "invalid_grant"
    assert not TokenFamily.objects.exists()


def test_a_client_without_the_grant_refreshes_nothing(app: App, ada: User) -> None:
    token = app.tokens(ada)["refresh_token"]
    with site_context("a test takes a grant from an app"):
        Client.objects.filter(pk=app.client.pk).update(grants=["authorization_code"])
    assert refused(app.refresh(token)) == "unauthorized_client"


def test_what_is_no_refresh_token_is_refused(app: App, ada: User) -> None:
    real = app.tokens(ada)["refresh_token"]
    for text in (
        "x", "vrt_", real[:-1], real + "A", real + "=", real.removeprefix("vrt_"), real.upper(), f"vrt_{real}", "ä",
        "vrt_" + "A" * 70, "vrt_" + "A" * 60_000, real.replace("vrt_", "vat_"), real[:-1] + "+", f"{real} ",
        f"{real}\n",
    ):  # fmt: skip
        assert refused(app.refresh(text)) == "invalid_grant"
    assert set(reasons()) == {"refresh_unknown"}
    assert app.refresh(real).status_code == 200


@pytest.mark.parametrize("extra", [{"refresh_token": ["a", "b"]}, {"refresh_token": None}, {"refresh_token": "a\0b"}])
def test_a_request_that_is_malformed_is_told_so(app: App, extra: dict[str, Any]) -> None:
    assert refused(app.post(grant_type="refresh_token", **extra)) == "invalid_request"


def test_every_scope_of_a_family_is_in_the_answer(app: App, ada: User) -> None:
    assert app.refresh(app.tokens(ada)["refresh_token"]).json()["scope"] == " ".join(ALL)
