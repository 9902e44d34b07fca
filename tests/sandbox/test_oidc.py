"""The complete code flow of each OpenID provider, in its own format."""

import re
import uuid
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from sandbox.drafts import half_hash
from sandbox.personas import Persona
from sandbox.providers import MICROSOFT_TENANT, OPENID_PROVIDERS, Provider
from sandbox.server import Sandbox
from sandbox.visitor import Visitor
from tests.sandbox.relying_party import Client, basic, fetch

each_openid = pytest.mark.parametrize("provider", OPENID_PROVIDERS)


@each_openid
def test_a_code_becomes_a_verifiable_id_token(client: Client, provider: Provider) -> None:
    flow = client.sign_in(provider)
    answer = client.redeem(flow).json
    claims = client.verified(provider, answer["id_token"])
    assert claims["nonce"] == flow.nonce
    assert claims["email"] == "ada@example.com"
    assert claims["at_hash"] == half_hash(answer["access_token"])
    assert client.userinfo(provider, answer["access_token"]).json["sub"] == claims["sub"]


@each_openid
def test_the_metadata_names_the_issuer_and_s256_only(client: Client, provider: Provider) -> None:
    metadata = client.metadata(provider)
    assert metadata["issuer"] == client.sandbox.environment()[f"{provider.upper()}_ISSUER"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]


@each_openid
def test_published_keys_hold_no_private_part(client: Client, provider: Provider) -> None:
    keys = fetch(client.metadata(provider)["jwks_uri"]).json["keys"]
    assert keys
    assert [key for key in keys if set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}] == []


@each_openid
def test_scopes_decide_claims(client: Client, provider: Provider) -> None:
    claims = client.claims(provider, scope="openid")
    assert not {"email", "email_verified", "name", "xms_edov"} & set(claims)


@each_openid
def test_a_secret_is_also_taken_by_basic(client: Client, provider: Provider) -> None:
    flow = client.sign_in(provider)
    form = {
        "grant_type": "authorization_code",
        "code": flow.answer["code"],
        "redirect_uri": client.sandbox.world.redirect_uri(provider),
        "code_verifier": flow.verifier,
    }
    secret = client.secret(provider)
    headers = basic(secret["client_id"], secret["client_secret"])
    assert fetch(client.token_url(provider), form, headers).status == 200


@each_openid
def test_userinfo_wants_a_live_token(client: Client, provider: Provider) -> None:
    assert client.userinfo(provider, "nonsense").status == 401


def test_google_shapes_its_claims(client: Client) -> None:
    claims = client.claims(Provider.GOOGLE, "grace")
    assert re.fullmatch(r"\d{21}", claims["sub"])
    assert claims["hd"] == "corp.example"
    assert claims["azp"] == claims["aud"] == "vestibule-google"
    assert claims["email_verified"] is True
    assert {"given_name", "family_name", "picture"} <= set(claims)


def test_google_leaves_hd_out_for_private_people(client: Client) -> None:
    assert "hd" not in client.claims(Provider.GOOGLE)


def test_microsoft_shapes_its_claims(client: Client) -> None:
    claims = client.claims(Provider.MICROSOFT, "grace")
    assert claims["tid"] == MICROSOFT_TENANT
    assert claims["iss"].endswith(f"/microsoft/{MICROSOFT_TENANT}/v2.0")
    assert str(uuid.UUID(claims["oid"])) == claims["oid"]
    assert claims["sub"] != claims["oid"]
    assert claims["ver"] == "2.0"
    assert claims["xms_edov"] == "1"
    assert claims["roles"] == ["vestibule-admin"]
    assert "email_verified" not in claims


@pytest.mark.parametrize(("persona", "said"), [("ada", True), ("edov-one", 1), ("edov-absent", None), ("linus", None)])
def test_microsoft_says_who_owns_the_domain(client: Client, persona: str, said: object) -> None:
    claims = client.claims(Provider.MICROSOFT, persona)
    assert claims.get("xms_edov") == said
    assert type(claims.get("xms_edov")) is type(said)


def test_microsofts_keys_name_no_algorithm(client: Client) -> None:
    keys = fetch(client.metadata(Provider.MICROSOFT)["jwks_uri"]).json["keys"]
    assert "alg" not in keys[0]


def _groups_of(client: Client, persona: str, scope: str) -> tuple[list[str], list[int]]:
    """Follow the pages of the sandbox's Graph, and return the groups and the length of each page."""
    answer = client.redeem(client.sign_in(Provider.MICROSOFT, persona, scope=scope)).json
    url: str | None = f"{client.sandbox.environment()['MICROSOFT_GRAPH_URL']}/v1.0/me/transitiveMemberOf?$top=999"
    found: list[str] = []
    sizes: list[int] = []
    while url:
        page = fetch(url, headers={"Authorization": f"Bearer {answer['access_token']}"})
        if page.status != 200:
            return [], [page.status]
        found += [entry["id"] for entry in page.json["value"] if entry["@odata.type"] == "#microsoft.graph.group"]
        sizes.append(len(page.json["value"]))
        url = page.json.get("@odata.nextLink")
    return found, sizes


def test_microsoft_says_where_more_groups_are_than_fit_into_a_token(client: Client) -> None:
    claims = client.claims(Provider.MICROSOFT, "marie")
    permission = f"{client.sandbox.environment()['MICROSOFT_GRAPH_URL']}/User.Read"
    groups, sizes = _groups_of(client, "marie", f"openid {permission}")
    assert "groups" not in claims
    assert claims["_claim_names"] == {"groups": "src1"}
    assert (len(groups), groups[-1], sizes) == (251, "radium", [252])
    assert client.claims(Provider.MICROSOFT, "grace")["groups"] == ["/engineering", "/engineering/compilers"]


def test_graph_lists_groups_in_pages(sandbox: Sandbox, client: Client) -> None:
    sandbox.add_persona(Persona("crowd", groups=tuple(f"g{number}" for number in range(2000))))
    permission = f"{client.sandbox.environment()['MICROSOFT_GRAPH_URL']}/User.Read"
    groups, sizes = _groups_of(client, "crowd", f"openid {permission}")
    assert (len(set(groups)), sizes) == (2000, [999, 999, 3])


def test_graph_wants_its_permission_and_a_token(client: Client) -> None:
    assert _groups_of(client, "marie", "openid") == ([], [403])
    url = f"{client.sandbox.environment()['MICROSOFT_GRAPH_URL']}/v1.0/me/transitiveMemberOf"
    assert fetch(url).status == 401


def test_keycloak_shapes_its_claims(client: Client) -> None:
    flow = client.sign_in(Provider.KEYCLOAK, "grace")
    answer = client.redeem(flow).json
    claims = client.verified(Provider.KEYCLOAK, answer["id_token"])
    access = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert str(uuid.UUID(claims["sub"])) == claims["sub"]
    assert claims["typ"] == "ID"
    assert claims["groups"] == ["/engineering", "/engineering/compilers"]
    assert claims["sid"] == answer["session_state"] == flow.answer["session_state"]
    assert {"auth_time", "jti", "acr", "preferred_username"} <= set(claims)
    assert "vestibule-admin" in access["realm_access"]["roles"]
    assert access["resource_access"] == {"vestibule-keycloak": {"roles": ["reviewer"]}}
    assert access["typ"] == "Bearer"


def test_keycloak_names_itself_in_the_answer(client: Client) -> None:
    metadata = client.metadata(Provider.KEYCLOAK)
    flow = client.sign_in(Provider.KEYCLOAK)
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert flow.answer["iss"] == metadata["issuer"]


def test_keycloak_introspects(client: Client) -> None:
    answer = client.redeem(client.sign_in(Provider.KEYCLOAK)).json
    url = client.metadata(Provider.KEYCLOAK)["introspection_endpoint"]
    form = client.secret(Provider.KEYCLOAK) | {"token": answer["access_token"]}
    assert fetch(url, form).json["active"] is True
    assert fetch(url, form | {"token": "nonsense"}).json == {"active": False}
    assert fetch(url, form | {"client_secret": "wrong"}).status == 401


@each_openid
def test_the_same_browser_keeps_its_auth_time_until_reauthentication_is_requested(
    client: Client, provider: Provider
) -> None:
    visitor = Visitor()
    visitor.pick(client.start(provider).url, "ada")
    (first,) = client.sandbox.sessions(provider)
    visitor.pick(client.start(provider).url, "ada")
    assert client.sandbox.sessions(provider) == [first]
    visitor.pick(client.start(provider, prompt="login").url, "ada")
    assert len(client.sandbox.sessions(provider)) == 2


@each_openid
@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "600"}])
def test_auth_time_is_sent_when_reauthentication_is_requested(
    client: Client, provider: Provider, asked: dict[str, str]
) -> None:
    claims = client.claims(provider, **asked)
    assert 0 <= claims["iat"] - claims["auth_time"] <= 5


@each_openid
def test_prompt_none_never_shows_the_picker(client: Client, provider: Provider) -> None:
    visitor = Visitor()
    url = client.start(provider, prompt="none").url
    assert "error=login_required" in visitor.pick(url, "ada")
    visitor.pick(client.start(provider).url, "ada")
    assert "code=" in visitor.open(url).location


def test_automatic_sign_in_answers_at_once(sandbox: Sandbox, client: Client) -> None:
    sandbox.set_auto_persona("google", "grace")
    seen = Visitor().open(client.start(Provider.GOOGLE).url)
    assert seen.status == 302
    assert "code" in parse_qs(urlsplit(seen.location).query)
