"""Every fault of the catalogue appears at its stage, and a careful product reaches its outcome."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest

from sandbox.drafts import Draft
from sandbox.faults import CATALOGUE, Fault, Outcome, Stage
from sandbox.providers import ALL_PROVIDERS, OPENID_PROVIDERS, Provider
from sandbox.server import Sandbox
from tests.sandbox.careful import judge
from tests.sandbox.relying_party import Client, fetch

IN_SIGN_IN = [f for f in CATALOGUE.values() if f.stage not in {Stage.LOGOUT, Stage.REFRESH, Stage.REVOCATION}]
REVOKING = [f for f in CATALOGUE.values() if f.stage is Stage.REVOCATION]
QUICK = [pytest.param(f, p, id=f"{f.key}-{p}") for f in IN_SIGN_IN if not f.slow for p in f.providers]
SLOW = [pytest.param(f, f.providers[0], id=f.key) for f in IN_SIGN_IN + REVOKING if f.slow]
# The authorization response looks valid, and only the token endpoint detects the fault.
SEEN_LATER = {"authorize_code_other": Stage.TOKEN}


@pytest.mark.parametrize("provider", ALL_PROVIDERS)
def test_a_careful_product_signs_in_while_all_is_well(client: Client, provider: Provider) -> None:
    verdict = judge(client, provider)
    assert (verdict.session, verdict.verified) == (True, True), verdict.reason


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "provider"), QUICK)
def test_a_fault_shows_where_it_says_and_ends_as_it_says(
    sandbox: Sandbox, client: Client, fault: Fault, provider: Provider
) -> None:
    honest = judge(client, provider)
    sandbox.set_fault(provider, fault.key)
    verdict = judge(client, provider)
    assert repr((verdict.seen, verdict.reason)) != repr((honest.seen, honest.reason))
    if fault.outcome is Outcome.SIGNED_IN:
        assert verdict.session, verdict.reason
        assert verdict.verified is not fault.address_unverified
    elif fault.outcome is not Outcome.EITHER:
        assert verdict.stage is SEEN_LATER.get(fault.key, fault.stage), verdict.reason


@pytest.mark.parametrize("fault", [pytest.param(f, id=f.key) for f in REVOKING if not f.slow])
def test_a_fault_of_revocation_shows_there(sandbox: Sandbox, client: Client, fault: Fault) -> None:
    provider = fault.providers[0]
    url, form = client.metadata(provider)["revocation_endpoint"], client.secret(provider) | {"token": "none"}
    honest = fetch(url, form)
    sandbox.set_fault(provider, fault.key)
    try:
        met = fetch(url, form)
    except (OSError, http.client.HTTPException):
        return  # an incomplete answer
    assert (met.status, met.body, met.headers) != (honest.status, honest.body, honest.headers)
    assert (fault.outcome is Outcome.SIGNED_IN) or met.status != 200 or "gzip" in fault.key or "huge" in fault.key


@pytest.mark.parametrize("provider", ALL_PROVIDERS)
def test_a_cleared_fault_is_gone(sandbox: Sandbox, client: Client, provider: Provider) -> None:
    sandbox.set_fault(provider, "token_500")
    assert not judge(client, provider).session
    sandbox.clear_faults()
    assert judge(client, provider).session


def _request_of(client: Client, fault: Fault, provider: Provider) -> bytes:
    """Return a request that meets a slow fault. At every stage an unauthorized one is answered too."""
    if fault.stage is Stage.TOKEN:
        url = client.token_url(provider)
    elif fault.stage is Stage.REVOCATION:
        url = client.metadata(provider)["revocation_endpoint"]
    elif provider is Provider.GITHUB:
        url = "/github/api/user" + {Stage.EMAILS: "/emails", Stage.ORGANIZATIONS: "/orgs"}.get(fault.stage, "")
    elif fault.stage is Stage.GROUPS:
        url = f"{client.sandbox.environment()['MICROSOFT_GRAPH_URL']}/v1.0/me/transitiveMemberOf"
    else:
        issuer = client.sandbox.environment()[f"{provider.upper()}_ISSUER"]
        known = client.metadata(provider)
        found = {Stage.JWKS: known["jwks_uri"], Stage.USERINFO: known["userinfo_endpoint"]}
        url = found.get(fault.stage, f"{issuer}/.well-known/openid-configuration")
    method = "POST" if fault.stage in {Stage.TOKEN, Stage.REVOCATION} else "GET"
    return f"{method} {urlsplit(url).path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _rest(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(("fault", "provider"), SLOW)
def test_a_slow_fault_lasts_until_it_is_cleared(
    sandbox: Sandbox, client: Client, fault: Fault, provider: Provider
) -> None:
    request = _request_of(client, fault, provider)
    sandbox.set_fault(provider, fault.key)
    address = urlsplit(sandbox.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(request)
        came = _silence(sandbox, connection, provider) if "hang" in fault.key else connection.recv(65536)
        sandbox.clear_faults()
        came += _rest(connection)
    if "endless" in fault.key:
        assert set(came.split(b"\r\n\r\n")) == {b"HTTP/1.1 100 Continue", b""}
    elif "drip_body" in fault.key:
        assert 1 <= len(came.partition(b"\r\n\r\n")[2]) <= 3
    else:
        assert len(came) <= (3 if "drip" in fault.key else 0)


def _silence(sandbox: Sandbox, connection: socket.socket, provider: Provider) -> bytes:
    """Wait without an answer until the request must have arrived."""
    connection.settimeout(0.02)
    arrived = False
    while not arrived:
        arrived = 0 in [entry.status for entry in sandbox.entries(provider)]
        with pytest.raises(TimeoutError):
            connection.recv(1)
    connection.settimeout(5)
    return b""


def test_stopping_ends_a_hanging_answer_at_once(client: Client) -> None:
    sandbox = Sandbox()
    sandbox.start()
    sandbox.set_fault("google", "token_hang")
    address = urlsplit(sandbox.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=1) as connection:
        connection.sendall(b"POST /google/token HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _silence(sandbox, connection, Provider.GOOGLE)
        sandbox.stop()
        assert _rest(connection) == b""


@pytest.mark.parametrize("header", ["jku", "x5u"])
def test_a_product_that_follows_a_key_header_is_counted(sandbox: Sandbox, client: Client, header: str) -> None:
    sandbox.set_fault("google", f"header_{header}")
    judge(client, Provider.GOOGLE)
    assert sandbox.counts("google")["leak"] == 0
    fetch(f"{sandbox.base_url}/leak/google/{header}")
    assert sandbox.counts("google")["leak"] == 1


@pytest.mark.parametrize("provider", ALL_PROVIDERS)
def test_a_product_that_resends_the_secret_after_a_redirect_is_recorded(
    sandbox: Sandbox, client: Client, provider: Provider
) -> None:
    sandbox.set_fault(provider, "token_redirect_307")
    got = client.redeem(client.sign_in(provider))
    assert got.status == 307
    fetch(got.headers["location"])
    fetch(got.headers["location"], client.secret(provider))
    assert [e.secret_came for e in sandbox.entries(provider) if e.endpoint == "leak"] == [False, True]


def test_the_replayed_nonce_is_that_of_the_sign_in_before(sandbox: Sandbox, client: Client) -> None:
    earlier = client.sign_in(Provider.KEYCLOAK)
    client.redeem(earlier)
    sandbox.set_fault("keycloak", "nonce_replayed")
    verdict = judge(client, Provider.KEYCLOAK)
    assert any(isinstance(seen, dict) and seen.get("nonce") == earlier.nonce for seen in verdict.seen)


@pytest.mark.parametrize("provider", OPENID_PROVIDERS)
def test_only_the_faulty_provider_fails(sandbox: Sandbox, client: Client, provider: Provider) -> None:
    sandbox.set_fault(provider, "signature_forged")
    others = [p for p in ALL_PROVIDERS if p is not provider]
    assert [judge(client, p).session for p in others] == [True] * 3


def test_a_fault_that_does_not_fit_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="GitHub has no fault"):
        sandbox.set_fault("github", "nonce_missing")
    with pytest.raises(ValueError, match="no fault 'nonsense'"):
        sandbox.set_fault("google", "nonsense")


def test_a_draft_is_honest_until_it_is_bent(sandbox: Sandbox) -> None:
    draft = Draft(sandbox.world.scene(Provider.GOOGLE), {"sub": "1"})
    assert str(draft.signed()).count(".") == 2


def test_every_fault_says_what_it_does_in_a_sentence() -> None:
    assert [f.key for f in CATALOGUE.values() if not f.says.endswith(".") or not f.effects] == []
