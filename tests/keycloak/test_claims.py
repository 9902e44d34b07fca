"""Where a real Keycloak says what claim rules look at."""

import pytest

from tests.keycloak.person import Person
from tests.keycloak.server import CLIENT, Keycloak
from tests.support import claim_rules

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = "my.app"
MAPPER = {
    "name": "roles of another client",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-usermodel-client-role-mapper",
    "config": {
        "usermodel.clientRoleMapping.clientId": OTHER,
        "claim.name": r"resource_access.my\.app.roles",
        "jsonType.label": "String",
        "multivalued": "true",
        "id.token.claim": "true",
        "access.token.claim": "false",
    },
}


def give_role(keycloak: Keycloak, client: str, name: str) -> None:
    (found,) = keycloak.call("GET", f"/clients?clientId={client}")
    keycloak.call("POST", f"/clients/{found['id']}/roles", {"name": name})
    role = keycloak.call("GET", f"/clients/{found['id']}/roles/{name}")
    keycloak.call("POST", f"/users/{keycloak.user_id()}/role-mappings/clients/{found['id']}", [role])


@pytest.mark.promise(30)
def test_a_path_that_the_id_token_does_not_hold_is_looked_for_in_the_access_token(
    ada: Person, keycloak: Keycloak
) -> None:
    """Kind: the beginning of a path found in one token hides the whole path in the other (issue 12, 5.7)."""
    keycloak.call("POST", "/clients", {"clientId": OTHER})
    give_role(keycloak, CLIENT, "editor")
    give_role(keycloak, OTHER, "reader")
    keycloak.call("POST", f"/clients/{keycloak.client()['id']}/protocol-mappers/models", MAPPER)
    claim_rules.rule("keycloak", f"resource_access.{CLIENT}.roles", "editor", within="Abbey")
    claim_rules.rule("keycloak", f'resource_access."{OTHER}".roles', "reader", within="Brewery")

    ada.sign_in()

    assert claim_rules.roles() == {"Abbey": "member", "Brewery": "member"}
