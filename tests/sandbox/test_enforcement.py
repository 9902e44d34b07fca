"""The played providers refuse what real ones refuse."""

import pytest
import time_machine

from sandbox.providers import ALL_PROVIDERS, OPENID_PROVIDERS, Provider
from sandbox.server import Sandbox
from sandbox.visitor import PickRefused, Visitor
from tests.sandbox.relying_party import Client, fetch

each = pytest.mark.parametrize("provider", ALL_PROVIDERS)
each_openid = pytest.mark.parametrize("provider", OPENID_PROVIDERS)


@each
@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://127.0.0.1:8000/accounts/google/login/callback"},
        {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": None},
        {"client_id": "somebody-else"},
    ],
)
def test_an_unregistered_client_or_target_is_never_redirected(
    client: Client, provider: Provider, change: dict[str, str | None]
) -> None:
    seen = Visitor().open(client.start(provider, **change).url)
    assert (seen.status, seen.location) == (400, "")


def test_the_picker_form_is_checked_like_the_request(client: Client) -> None:
    url = client.start(Provider.GOOGLE).url
    with pytest.raises(PickRefused):
        Visitor().pick(url.replace("accounts%2Fgoogle", "accounts%2Fgithub"), "ada")


@each
def test_a_repeated_parameter_is_refused(client: Client, provider: Provider) -> None:
    seen = Visitor().open(client.start(provider).url + "&state=another")
    assert (seen.status, seen.location) == (400, "")


@each_openid
@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"response_type": "token"},
        {"scope": "email"},
        {"max_age": "soon"},
        {"request_uri": "http://evil.example/"},
    ],
)
def test_a_bad_request_goes_back_as_an_error(client: Client, provider: Provider, change: dict[str, str | None]) -> None:
    answer = client.sign_in(provider, **change).answer
    assert "code" not in answer
    assert answer["error"] in {
        "invalid_request",
        "invalid_scope",
        "request_not_supported",
        "unsupported_response_type",
    }


@each
def test_cancel_is_access_denied(client: Client, provider: Provider) -> None:
    assert client.sign_in(provider, None).answer["error"] == "access_denied"


@each
@pytest.mark.parametrize(
    "change",
    [
        {"client_secret": "wrong"},
        {"client_id": "somebody-else"},
        {"code": "nonsense"},
        {"redirect_uri": "http://127.0.0.1:8000/elsewhere/"},
        {"code_verifier": "w" * 64},
        {"code_verifier": ""},
    ],
)
def test_a_code_is_bound_to_secret_target_and_verifier(
    client: Client, provider: Provider, change: dict[str, str]
) -> None:
    got = client.redeem(client.sign_in(provider), **change)
    assert "error" in got.json
    assert "access_token" not in got.json
    assert got.status == (200 if provider is Provider.GITHUB else got.status)


@each
def test_a_code_works_once_and_its_replay_revokes(client: Client, provider: Provider) -> None:
    flow = client.sign_in(provider)
    token = client.redeem(flow).json["access_token"]
    assert "error" in client.redeem(flow).json
    asked = client.github("/user", token) if provider is Provider.GITHUB else None
    assert (asked or client.userinfo(provider, token)).status == 401


@each
def test_a_code_lives_a_minute(client: Client, provider: Provider) -> None:
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        young, old = client.sign_in(provider), client.sign_in(provider)
        clock.shift(60)
        assert "access_token" in client.redeem(young).json
        clock.shift(1)
        assert "error" in client.redeem(old).json


def test_another_providers_code_is_refused_and_recorded(sandbox: Sandbox, client: Client) -> None:
    foreign = client.sign_in(Provider.KEYCLOAK).answer["code"]
    assert "error" in client.redeem(client.sign_in(Provider.GOOGLE), code=foreign).json
    client.redeem(client.sign_in(Provider.GOOGLE), code="nonsense")
    noted = [e.code_from for e in sandbox.entries("google") if e.endpoint == "token"]
    assert noted == ["keycloak", "unknown"]


def _offline(client: Client, provider: Provider) -> str:
    asked = {Provider.GOOGLE: {"access_type": "offline"}}
    scoped = {"scope": "openid email offline_access"}
    flow = client.sign_in(provider, **asked.get(provider, scoped))
    return str(client.redeem(flow).json["refresh_token"])


@each_openid
def test_refresh_rotates_and_reuse_kills_the_chain(client: Client, provider: Provider) -> None:
    first = _offline(client, provider)
    answer = client.refresh(provider, first).json
    second = answer["refresh_token"]
    assert second != first
    assert client.refresh(provider, first).json["error"] == "invalid_grant"
    assert client.refresh(provider, second).json["error"] == "invalid_grant"
    assert client.userinfo(provider, answer["access_token"]).status == 401


@pytest.mark.parametrize("provider", [Provider.GOOGLE, Provider.MICROSOFT])
def test_without_offline_access_there_is_no_refresh_token(client: Client, provider: Provider) -> None:
    assert "refresh_token" not in client.redeem(client.sign_in(provider)).json


def test_keycloak_gives_refresh_tokens_unasked(client: Client) -> None:
    assert "refresh_token" in client.redeem(client.sign_in(Provider.KEYCLOAK)).json


@pytest.mark.parametrize("provider", [Provider.GOOGLE, Provider.KEYCLOAK])
def test_revocation_ends_the_whole_grant(client: Client, provider: Provider) -> None:
    token = _offline(client, provider)
    url = client.metadata(provider)["revocation_endpoint"]
    form = client.secret(provider) | {"token": token}
    assert fetch(url, form | {"client_secret": "wrong"}).status == 401
    assert fetch(url, form).status == 200
    assert client.refresh(provider, token).json["error"] == "invalid_grant"


@each_openid
def test_keys_rotate_with_or_without_overlap(sandbox: Sandbox, client: Client, provider: Provider) -> None:
    url = client.metadata(provider)["jwks_uri"]
    alone = sandbox.rotate_keys(provider, withdraw=True)
    assert [key["kid"] for key in fetch(url).json["keys"]] == [alone]
    newer = sandbox.rotate_keys(provider)
    assert [key["kid"] for key in fetch(url).json["keys"]] == [newer, alone]
    assert client.claims(provider)["email"] == "ada@example.com"
    sandbox.rotate_keys(provider, withdraw=True)


def test_a_rotation_may_keep_the_name(sandbox: Sandbox, client: Client) -> None:
    old = fetch(client.metadata(Provider.GOOGLE)["jwks_uri"]).json["keys"][0]
    assert sandbox.rotate_keys("google", keep_kid=True) == old["kid"]
    (new,) = fetch(client.metadata(Provider.GOOGLE)["jwks_uri"]).json["keys"]
    assert new["n"] != old["n"]
