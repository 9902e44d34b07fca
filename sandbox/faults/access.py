"""Faults of the sources of claim rules: Keycloak's access token, GitHub's organizations, Microsoft's groups.

A sign-in succeeds under each of them. A product with claim rules must not grant anything by invalid data.
"""

import time
from collections.abc import Callable

from sandbox.drafts import Draft, Scene, unsigned
from sandbox.faults.kinds import AnswerBend, DocumentBend, Fault, Lie, Outcome, Stage
from sandbox.keys import attackers_key
from sandbox.providers import Provider
from sandbox.wire import Answer, json_answer

KEYCLOAK, GITHUB, MICROSOFT = ((name,) for name in (Provider.KEYCLOAK, Provider.GITHUB, Provider.MICROSOFT))


def _token(key: str, says: str, bend: Callable[[Draft], None]) -> Fault:
    return Fault(f"access_{key}", says, Stage.ACCESS_TOKEN, Outcome.SIGNED_IN, (Lie(bend),), KEYCLOAK)


def _set(name: str, value: object) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.claims[name] = value

    return bend


def _forged(draft: Draft) -> None:
    draft.signer = attackers_key().sign


def _unsigned(draft: Draft) -> None:
    draft.headers["alg"] = "none"
    draft.signer = unsigned


def _expired(draft: Draft) -> None:
    now = int(time.time())
    draft.claims |= {"iat": now - 600, "exp": now - 480}


def _opaque(draft: Draft) -> None:
    draft.instead = "an-opaque-access-token-of-no-parts"


def _organizations(key: str, says: str, document: object) -> Fault:
    bend = AnswerBend(Stage.ORGANIZATIONS, lambda _answer, _scene: json_answer(document))
    return Fault(f"organizations_{key}", says, Stage.ORGANIZATIONS, Outcome.SIGNED_IN, (bend,), GITHUB)


def _groups(key: str, says: str, bend: Callable[[dict[str, object], Scene], object]) -> Fault:
    effects = (DocumentBend(Stage.GROUPS, bend),)
    return Fault(f"groups_{key}", says, Stage.GROUPS, Outcome.SIGNED_IN, effects, MICROSOFT)


def _elsewhere(document: dict[str, object], scene: Scene) -> object:
    return document | {"@odata.nextLink": f"{scene.leak_url}/groups"}


def _again(document: dict[str, object], scene: Scene) -> object:
    return document | {"@odata.nextLink": f"{scene.base_url}/microsoft/graph/v1.0/me/transitiveMemberOf?$top=999"}


def _forbidden(_answer: Answer, _scene: Scene) -> Answer:
    return json_answer({"message": "Resource protected by organization SAML enforcement."}, 403)


_ODD_GROUPS = [
    None,
    "text",
    {"id": 7, "@odata.type": "#microsoft.graph.group"},
    {"id": "compilers", "@odata.type": "#microsoft.graph.directoryRole"},
]

FAULTS: tuple[Fault, ...] = (
    _token("forged", "The access token is signed with a foreign key.", _forged),
    _token("alg_none", "The access token is not signed.", _unsigned),
    _token("iss", "The access token's iss is another issuer.", _set("iss", "https://issuer.example")),
    _token("azp", "The access token was issued to another client.", _set("azp", "another-client")),
    _token("sub", "The access token is about another person.", _set("sub", "somebody-else")),
    _token("typ", "The access token claims to be an ID token.", _set("typ", "ID")),
    _token("expired", "The access token expired eight minutes ago.", _expired),
    _token("opaque", "The access token is not a JWT.", _opaque),
    _token("roles_text", "realm_access is a string.", _set("realm_access", "vestibule-admin")),
    _token("roles_nested", "The roles are lists in a list.", _set("realm_access", {"roles": [["vestibule-admin"]]})),
    Fault(
        "organizations_forbidden",
        "The organizations answer 403.",
        Stage.ORGANIZATIONS,
        Outcome.SIGNED_IN,
        (AnswerBend(Stage.ORGANIZATIONS, _forbidden),),
        GITHUB,
    ),
    _organizations("object", "The organizations are not a list.", {"login": "engineering"}),
    _organizations("odd", "Things in the list are not organizations.", [None, 7, "engineering"]),
    _organizations("nameless", "The organizations have odd names.", [{"login": ["engineering"], "id": "1000"}, {}]),
    _groups("text", "The groups are a string.", lambda document, _scene: document | {"value": "compilers"}),
    _groups("odd", "Things in the list are not groups.", lambda document, _: document | {"value": _ODD_GROUPS}),
    _groups("elsewhere", "The next page of groups is at another address.", _elsewhere),
    _groups("endless", "Every page of groups names another one.", _again),
)
