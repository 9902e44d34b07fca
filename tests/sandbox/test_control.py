"""The control endpoint and the pages: they control the sandbox, and only from here."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.faults import CATALOGUE
from sandbox.providers import ALL_PROVIDERS, Provider
from sandbox.server import Sandbox
from sandbox.visitor import Visitor
from tests.sandbox.relying_party import Client, Got, fetch


def _order(sandbox: Sandbox, path: str, order: object, **headers: str) -> Got:
    sent = {"Content-Type": "application/json"} | {n.replace("_", "-"): v for n, v in headers.items()}
    return fetch(f"{sandbox.base_url}/_control/{path}", headers=sent, body=json.dumps(order).encode())


def _state(sandbox: Sandbox) -> Any:
    return fetch(f"{sandbox.base_url}/_control/state").json


def test_the_state_tells_everything(sandbox: Sandbox, client: Client) -> None:
    client.redeem(client.sign_in(Provider.GOOGLE))
    state = _state(sandbox)
    assert set(state["providers"]) == set(ALL_PROVIDERS)
    assert state["providers"]["google"]["counts"]["token"] == 1
    assert set(state["catalogue"]) == set(CATALOGUE)
    assert state["sessions"][0]["persona"] == "ada"


def test_no_secret_code_or_token_is_shown(sandbox: Sandbox, client: Client) -> None:
    flow = client.sign_in(Provider.GOOGLE)
    answer = client.redeem(flow).json
    told = json.dumps(_state(sandbox)) + fetch(f"{sandbox.base_url}/").body.decode()
    secrets = [client.secret(Provider.GOOGLE)["client_secret"], flow.answer["code"], flow.verifier]
    assert [s for s in [*secrets, answer["access_token"], answer["id_token"]] if s in told] == []


def test_faults_are_switched_by_json(sandbox: Sandbox) -> None:
    got = _order(sandbox, "faults", {"provider": "google", "fault": "token_500"})
    assert got.json["providers"]["google"]["fault"] == "token_500"
    got = _order(sandbox, "faults", {"provider": "google", "fault": None})
    assert got.json["providers"]["google"]["fault"] is None


def test_all_faults_are_cleared_together(sandbox: Sandbox) -> None:
    for provider in ALL_PROVIDERS:
        sandbox.set_fault(provider, "token_500")
    state = _order(sandbox, "faults", {}).json
    assert [p["fault"] for p in state["providers"].values()] == [None] * 4


def test_faults_are_switched_by_the_forms_of_the_front_page(sandbox: Sandbox) -> None:
    url = f"{sandbox.base_url}/_control/faults"
    seen = Visitor().open(url, form={"provider": "google", "fault": "token_500"})
    assert (seen.status, seen.location) == (303, "/")
    assert "token_500" in Visitor().open(f"{sandbox.base_url}/").text
    Visitor().open(url, form={"provider": "google", "fault": ""})
    assert _state(sandbox)["providers"]["google"]["fault"] is None


def test_people_are_added_by_json(sandbox: Sandbox, client: Client) -> None:
    document = {
        "key": "eve",
        "name": "Eve",
        "email": "eve@example.com",
        "claims": {"google": {"hd": "eve.example"}},
        "without": {"google": ["given_name"]},
        "providers": ["google"],
    }
    assert _order(sandbox, "personas", document).status == 200
    claims = client.claims(Provider.GOOGLE, "eve")
    assert claims["hd"] == "eve.example"
    assert "given_name" not in claims


def test_everything_else_is_controlled_by_json_too(sandbox: Sandbox, client: Client) -> None:
    _order(sandbox, "auto", {"provider": "google", "persona": "grace"})
    assert Visitor().open(client.start(Provider.GOOGLE).url).status == 302
    kid = _order(sandbox, "keys", {"provider": "google", "withdraw": True}).json["result"]
    assert kid == sandbox.world.ring(Provider.GOOGLE).current.kid
    _order(sandbox, "product", {"public_url": "http://127.0.0.1:8111"})
    assert sandbox.public_url == "http://127.0.0.1:8111"
    _order(sandbox, "reset", {})
    assert sandbox.requests("google") == []
    assert Visitor().open(client.start(Provider.GOOGLE).url).status == 200


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("faults", {"provider": "google", "fault": "nonsense"}),
        ("faults", {"provider": "nobody", "fault": "token_500"}),
        ("faults", []),
        ("faults", {"fault": "token_500"}),
        ("auto", {"provider": "google", "persona": "priya"}),
        ("auto", {}),
        ("keys", {"provider": "github"}),
        ("personas", {"key": "x", "colour": "red"}),
        ("personas", {"key": 7}),
        ("personas", {"key": "x", "name": 7}),
        ("personas", {"key": "x", "claims": {"nobody": {}}}),
        ("product", {"public_url": "javascript:alert(1)"}),
        ("sessions/end", {}),
    ],
)
def test_an_order_that_makes_no_sense_is_a_400(sandbox: Sandbox, path: str, order: object) -> None:
    got = _order(sandbox, path, order)
    assert got.status == 400
    assert "error" in got.json


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["faults", "auto", "personas", "keys", "sessions/end", "product", "reset"])
def test_another_site_controls_nothing(sandbox: Sandbox, path: str, headers: dict[str, str]) -> None:
    assert _order(sandbox, path, {"provider": "google", "fault": "token_500"}, **headers).status == 403
    assert _state(sandbox)["providers"]["google"]["fault"] is None


def test_another_site_picks_nobody(sandbox: Sandbox, client: Client) -> None:
    query = client.start(Provider.GOOGLE).url.partition("?")[2]
    form = {"request": query, "persona": "ada"}
    headers = {"Origin": "http://evil.example"}
    assert fetch(f"{sandbox.base_url}/google/choose", form, headers).status == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:9000", "[", ""])
@pytest.mark.parametrize("path", ["/", "/_control/state", "/google/token"])
def test_a_rebound_name_is_refused(sandbox: Sandbox, host: str, path: str) -> None:
    assert fetch(sandbox.base_url + path, headers={"Host": host}).status == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9000", "[::1]:9000"])
def test_loopback_names_are_served(sandbox: Sandbox, host: str) -> None:
    assert fetch(f"{sandbox.base_url}/", headers={"Host": host}).status == 200


@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_pages_forbid_scripts_and_frames(sandbox: Sandbox, path: str) -> None:
    policy = fetch(sandbox.base_url + path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8000" in policy
    assert "script" not in policy


def test_all_text_is_escaped(sandbox: Sandbox, client: Client) -> None:
    url = client.start(Provider.GOOGLE, state='"><script>alert(1)</script>').url
    picker, front = Visitor().open(url).text, Visitor().open(f"{sandbox.base_url}/").text
    assert [text for text in (picker, front) if "<script" in text or "<b onmouseover" in text] == []


def test_the_picker_says_what_it_is_and_whom_it_plays(client: Client) -> None:
    for provider in ALL_PROVIDERS:
        text = Visitor().open(client.start(provider).url).text
        assert f"Sandbox, playing {provider.label}." in text


def test_the_hinted_persona_comes_first(client: Client) -> None:
    text = Visitor().open(client.start(Provider.GOOGLE, login_hint="zoe").url).text
    assert text.index('value="zoe" autofocus') < text.index('value="ada"')


def test_requests_are_counted_by_endpoint(sandbox: Sandbox, client: Client) -> None:
    client.metadata(Provider.GOOGLE)
    client.redeem(client.sign_in(Provider.GOOGLE))
    assert sandbox.requests("google") == [
        ("GET", "discovery", 200),
        ("GET", "authorize", 200),
        ("POST", "choose", 302),
        ("POST", "token", 200),
    ]
    assert sandbox.counts("google")["token"] == 1
    sandbox.forget_requests()
    assert sandbox.requests("google") == []
    assert sandbox.counts("google")["token"] == 0


def test_the_redirect_uri_follows_the_product(sandbox: Sandbox, client: Client) -> None:
    sandbox.public_url = "http://127.0.0.1:8123"
    callback = client.sign_in(Provider.GITHUB).callback
    assert callback.startswith("http://127.0.0.1:8123/accounts/github/login/callback/?code=")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_endpoint_takes_its_own_method_only(sandbox: Sandbox, method: str) -> None:
    assert fetch(f"{sandbox.base_url}/google/token", method=method).status == 405


def test_a_body_over_a_mebibyte_is_refused(sandbox: Sandbox) -> None:
    headers = {"Content-Length": str(2**20 + 1)}
    assert fetch(f"{sandbox.base_url}/google/token", headers=headers, method="POST").status == 413


def test_a_repeated_form_field_is_a_400(sandbox: Sandbox, client: Client) -> None:
    form = urlencode(client.secret(Provider.GOOGLE)) + "&code=a&code=b"
    got = fetch(f"{sandbox.base_url}/google/token", method="POST", body=form.encode())
    assert (got.status, got.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["//[", "/%00", "/?a=%ff", "/google/choose?x"])
def test_odd_paths_are_answered(sandbox: Sandbox, path: str) -> None:
    address = sandbox.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.request("GET", path)
    assert connection.getresponse().status in {200, 404, 405}
    connection.close()


def test_strange_cookies_of_others_do_no_harm(client: Client) -> None:
    visitor = Visitor(cookies={"a:b": "c", "x y": '"', "csrftoken": "{}"})
    visitor.pick(client.start(Provider.GOOGLE).url, "ada")
    assert "code=" in visitor.open(client.start(Provider.GOOGLE, prompt="none").url).location


def test_two_visits_at_once_get_a_code_each(client: Client) -> None:
    client.metadata(Provider.KEYCLOAK)
    with ThreadPoolExecutor(8) as pool:
        flows = list(pool.map(lambda _: client.sign_in(Provider.KEYCLOAK), range(24)))
        statuses = list(pool.map(lambda flow: client.redeem(flow).status, flows))
    assert statuses == [200] * 24


def test_one_code_redeemed_eight_times_at_once_has_one_winner(client: Client) -> None:
    flow = client.sign_in(Provider.GOOGLE)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: client.redeem(flow).status, range(8)))
    assert sorted(statuses) == [200] + [400] * 7
