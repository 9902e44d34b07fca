"""GitHub's plain OAuth, in GitHub's own formats."""

import json
from urllib.parse import parse_qs

import pytest

from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.sandbox.relying_party import Client, basic, fetch

GITHUB = Provider.GITHUB


def _token(client: Client, persona: str = "ada", **changes: str) -> str:
    return str(client.redeem(client.sign_in(GITHUB, persona, **changes)).json["access_token"])


def test_answers_are_form_encoded_unless_json_is_asked(client: Client) -> None:
    flow = client.sign_in(GITHUB)
    form = {"code": flow.answer["code"], "code_verifier": flow.verifier, **client.secret(GITHUB)}
    got = fetch(client.token_url(GITHUB), form)
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(got.body.decode())["token_type"] == ["bearer"]


def test_refusals_are_200_with_an_error(client: Client) -> None:
    got = client.redeem(client.sign_in(GITHUB), code="nonsense")
    assert (got.status, got.json["error"]) == (200, "bad_verification_code")
    got = client.redeem(client.sign_in(GITHUB), client_secret="wrong")
    assert (got.status, got.json["error"]) == (200, "incorrect_client_credentials")


def test_pkce_is_optional_but_never_dropped(client: Client) -> None:
    flow = client.sign_in(GITHUB, code_challenge=None, code_challenge_method=None)
    assert "error" in client.redeem(flow).json
    flow = client.sign_in(GITHUB, code_challenge=None, code_challenge_method=None)
    assert "access_token" in client.redeem(flow, code_verifier="").json


def test_the_user_has_a_numeric_id(client: Client) -> None:
    user = client.github("/user", _token(client)).json
    assert isinstance(user["id"], int)
    assert (user["login"], user["email"]) == ("ada", "ada@example.com")


def test_a_private_address_is_null_and_still_listed(client: Client) -> None:
    token = _token(client, "priya")
    assert client.github("/user", token).json["email"] is None
    first = client.github("/user/emails", token).json[0]
    assert first == {"email": "priya@example.com", "primary": True, "verified": True, "visibility": None}


def test_a_renamed_login_keeps_its_id(client: Client) -> None:
    before, after = (client.github("/user", _token(client, persona)).json for persona in ("hubot", "hubot-renamed"))
    assert before["id"] == after["id"]
    assert before["login"] != after["login"]


def test_nemo_has_no_addresses(client: Client) -> None:
    assert client.github("/user/emails", _token(client, "nemo")).json == []


def test_addresses_need_their_scope(client: Client) -> None:
    assert client.github("/user/emails", _token(client, scope="read:user")).status == 404


def test_organizations_need_their_scope(client: Client) -> None:
    assert client.github("/user/orgs", _token(client, "grace")).status == 403
    (org,) = client.github("/user/orgs", _token(client, "grace", scope="read:org")).json
    assert org["login"] == "engineering"


def test_organizations_come_in_pages(client: Client) -> None:
    token = _token(client, "marie", scope="read:org")
    pages = [client.github(f"/user/orgs?per_page=500&page={number}", token).json for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [100, 100, 51, 0]
    assert pages[2][-1]["login"] == "radium"
    assert len(client.github("/user/orgs", token).json) == 30


def test_the_api_wants_a_token_and_a_user_agent(client: Client) -> None:
    assert client.github("/user", "nonsense").status == 401
    headers = {"Authorization": f"Bearer {_token(client)}"}
    assert fetch(f"{client.sandbox.base_url}/github/api/user", headers=headers).status == 403


def test_the_application_revokes_a_token(client: Client) -> None:
    token = _token(client)
    secret = client.secret(GITHUB)
    url = f"{client.sandbox.base_url}/github/api/applications/{secret['client_id']}/token"
    body = json.dumps({"access_token": token}).encode()
    assert fetch(url, method="DELETE", body=body).status == 404
    headers = basic(secret["client_id"], secret["client_secret"])
    assert fetch(url, headers=headers, method="DELETE", body=body).status == 204
    assert client.github("/user", token).status == 401


@pytest.mark.parametrize("path", ["/github/.well-known/openid-configuration", "/github/api/nothing"])
def test_there_is_nothing_else(sandbox: Sandbox, path: str) -> None:
    assert fetch(sandbox.base_url + path).status == 404
