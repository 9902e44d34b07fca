"""Step-up authentication in a realm, as an administrator sets it up: a password is level 1, an app's code level 2."""

import base64
import json
import secrets
from typing import Any

from tests.keycloak.server import Keycloak

FLOW, FORMS = "levels", "levels by forms"


def let_levels_be(keycloak: Keycloak) -> None:
    """Have the product's client ask by levels: ``silver`` is 1, ``gold`` is 2."""
    if not any(flow["alias"] == FLOW for flow in keycloak.call("GET", "/authentication/flows")):
        _make_flow(keycloak)
    (flow,) = [flow for flow in keycloak.call("GET", "/authentication/flows") if flow["alias"] == FLOW]
    keycloak.change_client(
        authenticationFlowBindingOverrides={"browser": flow["id"]},
        attributes={"acr.loa.map": json.dumps({"silver": 1, "gold": 2})},
    )


def give_app(keycloak: Keycloak, username: str) -> str:
    """Let a person have an app for codes, and return its secret in base32."""
    secret = secrets.token_hex(10)
    known = {"digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1", "subType": "totp"}
    credential = {
        "type": "otp",
        "secretData": json.dumps({"value": secret}),
        "credentialData": json.dumps(known),
    }
    user = keycloak.call("GET", f"/users/{keycloak.user_id(username)}")
    keycloak.call("PUT", f"/users/{user['id']}", user | {"credentials": [credential]})
    return base64.b32encode(secret.encode()).decode()


def _make_flow(keycloak: Keycloak) -> None:
    top = {"alias": FLOW, "providerId": "basic-flow", "topLevel": True, "builtIn": False}
    keycloak.call("POST", "/authentication/flows", top)
    _add(keycloak, FLOW, "auth-cookie", "ALTERNATIVE")
    _add_flow(keycloak, FLOW, FORMS, "ALTERNATIVE")
    steps = {1: "auth-username-password-form", 2: "auth-otp-form"}
    for level, step in steps.items():
        alias = f"level {level}"
        _add_flow(keycloak, FORMS, alias, "CONDITIONAL")
        condition = _add(keycloak, alias, "conditional-level-of-authentication", "REQUIRED")
        config = {"loa-condition-level": str(level), "loa-max-age": "36000"}
        keycloak.call(
            "POST", f"/authentication/executions/{condition}/config", {"alias": f"{alias} lasts", "config": config}
        )
        _add(keycloak, alias, step, "REQUIRED")


def _add(keycloak: Keycloak, flow: str, provider: str, requirement: str) -> str:
    before = {one["id"] for one in _executions(keycloak, flow)}
    keycloak.call("POST", f"/authentication/flows/{_path(flow)}/executions/execution", {"provider": provider})
    return _require(keycloak, flow, before, requirement)


def _add_flow(keycloak: Keycloak, flow: str, alias: str, requirement: str) -> str:
    before = {one["id"] for one in _executions(keycloak, flow)}
    made = {"alias": alias, "type": "basic-flow", "provider": "registration-page-form"}
    keycloak.call("POST", f"/authentication/flows/{_path(flow)}/executions/flow", made)
    return _require(keycloak, flow, before, requirement)


def _require(keycloak: Keycloak, flow: str, before: set[str], requirement: str) -> str:
    (new,) = [one for one in _executions(keycloak, flow) if one["id"] not in before]
    keycloak.call("PUT", f"/authentication/flows/{_path(flow)}/executions", new | {"requirement": requirement})
    found: str = new["id"]
    return found


def _executions(keycloak: Keycloak, flow: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = keycloak.call("GET", f"/authentication/flows/{_path(flow)}/executions")
    return found


def _path(alias: str) -> str:
    return alias.replace(" ", "%20")
