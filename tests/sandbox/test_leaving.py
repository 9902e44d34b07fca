"""Sign-out at the played providers, and the logout tokens that reach the product."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import pytest

from sandbox.backchannel import EVENT, PATH
from sandbox.faults import CATALOGUE, Fault, Stage
from sandbox.providers import Provider
from sandbox.server import Sandbox
from sandbox.visitor import Visitor
from tests.sandbox.relying_party import Client, fetch

KEYCLOAK = Provider.KEYCLOAK
LIES = [pytest.param(f, id=f.key) for f in CATALOGUE.values() if f.stage is Stage.LOGOUT]


class Product(HTTPServer):
    """Listens in place of the product, and collects the logout tokens."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ProductHandler)
        self.tokens: list[str] = []


class ProductHandler(BaseHTTPRequestHandler):
    server: Product

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == PATH:
            self.server.tokens += parse_qs(body)["logout_token"]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Log nothing."""


@pytest.fixture
def product(sandbox: Sandbox) -> Iterator[Product]:
    with Product() as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        sandbox.public_url = f"http://127.0.0.1:{listening.server_port}"
        yield listening
        listening.shutdown()
        thread.join()


def _signed_in(client: Client, visitor: Visitor) -> dict[str, Any]:
    flow = client.start(KEYCLOAK)
    callback = visitor.pick(flow.url, "grace")
    answer = client.redeem(type(flow)(KEYCLOAK, flow.verifier, flow.nonce, flow.url, callback))
    found: dict[str, Any] = answer.json
    return found


def _leave(client: Client, visitor: Visitor, **parameters: str) -> Any:
    url = client.metadata(KEYCLOAK)["end_session_endpoint"]
    return visitor.open(f"{url}?{urlencode(parameters)}")


def _claims(client: Client, token: str) -> dict[str, Any]:
    key = fetch(client.metadata(KEYCLOAK)["jwks_uri"]).json["keys"][0]
    audience = client.secret(KEYCLOAK)["client_id"]
    return jwt.decode(token, jwt.PyJWK(key), ["RS256"], audience=audience)


def test_end_session_with_a_hint_goes_back_and_tells_the_product(
    sandbox: Sandbox, client: Client, product: Product
) -> None:
    visitor = Visitor()
    answer = _signed_in(client, visitor)
    back = f"{sandbox.public_url}/accounts/logout/"
    seen = _leave(client, visitor, id_token_hint=answer["id_token"], post_logout_redirect_uri=back, state="s1")
    assert seen.location == f"{back}?state=s1"
    claims = _claims(client, product.tokens[0])
    assert claims["sid"] == answer["session_state"]
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    assert jwt.get_unverified_header(product.tokens[0])["typ"] == "logout+jwt"


def test_the_end_of_a_session_revokes_its_tokens(client: Client, product: Product) -> None:
    visitor = Visitor()
    answer = _signed_in(client, visitor)
    _leave(client, visitor, id_token_hint=answer["id_token"])
    assert client.userinfo(KEYCLOAK, answer["access_token"]).status == 401
    assert client.refresh(KEYCLOAK, answer["refresh_token"]).status == 400
    assert "login_required" in visitor.open(client.start(KEYCLOAK, prompt="none").url).location


def test_without_a_hint_the_person_is_asked(sandbox: Sandbox, client: Client, product: Product) -> None:
    visitor = Visitor()
    _signed_in(client, visitor)
    seen = _leave(client, visitor)
    assert (seen.status, product.tokens) == (200, [])
    assert "Sign out of Keycloak?" in seen.text
    visitor.open(f"{sandbox.base_url}/keycloak/leave", form={"request": ""})
    assert len(product.tokens) == 1


@pytest.mark.parametrize(
    "parameters",
    [{"id_token_hint": "a.b.c"}, {"post_logout_redirect_uri": "http://evil.example/"}],
)
def test_a_forged_hint_or_foreign_way_back_is_refused(
    client: Client, product: Product, parameters: dict[str, str]
) -> None:
    visitor = Visitor()
    _signed_in(client, visitor)
    seen = _leave(client, visitor, **parameters)
    assert (seen.status, seen.location, product.tokens) == (400, "", [])


def test_a_refresh_token_signs_out_without_a_browser(client: Client, product: Product) -> None:
    answer = _signed_in(client, Visitor())
    url = client.metadata(KEYCLOAK)["end_session_endpoint"]
    form = client.secret(KEYCLOAK) | {"refresh_token": answer["refresh_token"]}
    assert fetch(url, form | {"client_secret": "wrong"}).status == 401
    assert fetch(url, form).status == 204
    assert len(product.tokens) == 1


def test_a_session_is_ended_from_outside(sandbox: Sandbox, client: Client, product: Product) -> None:
    _signed_in(client, Visitor())
    (session,) = sandbox.sessions("keycloak")
    Visitor().open(f"{sandbox.base_url}/_control/sessions/end", form={"session": session.sid})
    assert _claims(client, product.tokens[0])["sid"] == session.sid
    assert sandbox.end_session(session.sid) is None


def test_a_logout_token_can_be_replayed(sandbox: Sandbox, client: Client, product: Product) -> None:
    _signed_in(client, Visitor())
    token = sandbox.logout_token(sandbox.sessions("keycloak")[0].sid)
    assert [sandbox.send_logout(token).status for _ in range(2)] == [200, 200]
    assert product.tokens == [token, token]


@pytest.mark.parametrize("fault", LIES)
def test_a_faulty_logout_token_has_the_described_fault(
    sandbox: Sandbox, client: Client, product: Product, fault: Fault
) -> None:
    _signed_in(client, Visitor())
    sandbox.set_fault("keycloak", fault.key)
    sandbox.end_session(sandbox.sessions("keycloak")[0].sid)
    with pytest.raises((jwt.PyJWTError, AssertionError)):
        _check_logout(client, product.tokens[0])


def _check_logout(client: Client, token: str) -> None:
    claims = _claims(client, token)
    assert claims["iss"] == client.metadata(KEYCLOAK)["issuer"]
    assert EVENT in claims["events"] if "events" in claims else False
    assert "nonce" not in claims
    assert "iat" in claims
    assert {"sub", "sid"} & set(claims)


def test_an_honest_logout_token_passes_the_same_check(sandbox: Sandbox, client: Client, product: Product) -> None:
    _signed_in(client, Visitor())
    _check_logout(client, sandbox.logout_token(sandbox.sessions("keycloak")[0].sid))


def test_a_product_that_is_not_on_loopback_receives_nothing(sandbox: Sandbox, client: Client) -> None:
    _signed_in(client, Visitor())
    sandbox.public_url = "https://vestibule.example"
    sent = sandbox.end_session(sandbox.sessions("keycloak")[0].sid)
    assert sent is not None
    assert "nothing was sent" in sent.problem


def test_microsoft_signs_out_too(sandbox: Sandbox, client: Client) -> None:
    visitor = Visitor()
    flow = client.start(Provider.MICROSOFT)
    callback = visitor.pick(flow.url, "ada")
    answer = client.redeem(type(flow)(Provider.MICROSOFT, flow.verifier, flow.nonce, flow.url, callback))
    url = client.metadata(Provider.MICROSOFT)["end_session_endpoint"]
    visitor.open(f"{url}?{urlencode({'id_token_hint': answer.json['id_token']})}")
    assert sandbox.sessions("microsoft") == []
