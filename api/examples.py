"""Examples of bodies for the OpenAPI document: a field's own one, or what a field of its name usually holds.

They come from the schema, so an operation has one as soon as it is there, and it shows every field.
"""

from collections.abc import Mapping
from typing import Any

from api.links import Node, resolved

MOMENT = "2026-11-30T09:30:00Z"
FORMATS: Mapping[str, str] = {
    "uuid": "5d3f2f5e-7d6d-4c1e-9a51-6f5f3f3a1c22",
    "date-time": MOMENT,
    "date": MOMENT[:10],
}
# By "Model.field" where a name says too little, otherwise by the field's name. A list holds one of these.
USUAL: Mapping[str, Any] = {
    "ActorOut.id": FORMATS["uuid"],
    "ActorOut.kind": "person",
    "ClientIn.tenant_id": None,
    "FactorOut.kind": "totp",
    "FactorOut.name": "Phone",
    "KeyOut.name": "Laptop",
    "MemberOut.name": "Ada Lovelace",
    "LiveSessionOut.id": "s_0123456789abcdef",
    "Me.name": "Ada Lovelace",
    "NewKeyOut.name": "Laptop",
    "ObjectOut.id": "7",
    "OwnTenantOut.name": "Analytical Engines",
    "RoleOut.name": "Librarian",
    "SessionOut.id": "s_0123456789abcdef",
    "SettingsOut.name": "Analytical Engines",
    "UserDetailOut.name": "Ada Lovelace",
    "UserOut.name": "Ada Lovelace",
    "action": "membership.changed",
    "after": {"role_id": 3},
    "backchannel_logout_uri": "https://reports.example.com/logout",
    "batch": None,
    "before": {"role_id": 2},
    "client_id": "0b3f2f5e-7d6d-8c1e-9a51-6f5f3f3a1c22",
    "client_secret": "vcs_0123456789abcdef_shown-once",
    "description": "Lends books and takes them back.",
    "details": None,
    "email": "ada@lovelace.example",
    "groups": "Auditors",
    "invited_by": "Grace Hopper",
    "ip_address": "203.0.113.7",
    "issuer": "https://accounts.google.com",
    "key": "vak_0123456789abcdef_shown-once",
    "name": "Reports",
    "next": "",
    "permissions": "accounts.view_membership",
    "person": FORMATS["uuid"],
    "post_logout_redirect_uris": "https://reports.example.com/",
    "prefix": "vak_0123456789abcdef",
    "provider": "google",
    "reason": None,
    "redirect_uris": "https://reports.example.com/callback",
    "request": FORMATS["uuid"],
    "resources": "https://api.example.com/",
    "role": "member",
    "scopes": "members:read",
    "service_id": None,
    "slug": "analytical-engines",
    "subject": "110169484474386276334",
    "table": "accounts_membership",
    "tenant": FORMATS["uuid"],
    "type": "change",
    "user_agent": "Firefox on Linux",
    "web_origins": "https://reports.example.com",
}


class NoExample(Exception):
    """A field has no example: give its model one (``Field(examples=...)``), or name it in ``USUAL``."""


def add(schema: Mapping[str, Any]) -> None:
    """Give an example to every body of an operation that is JSON. Raises NoExample."""
    for methods in schema["paths"].values():
        for operation in methods.values():
            succeeding = [answer for status, answer in operation["responses"].items() if int(status) < 300]
            for body in [operation.get("requestBody", {}), *succeeding]:
                content = body.get("content", {}).get("application/json", {})
                if content.get("schema", {}).keys() - {"title"}:  # a body of any form has none
                    content["example"] = example_of(schema, content["schema"])


def example_of(schema: Node, model: Node, *, field: str = "") -> Any:
    """Return an example of a value. ``field`` is its name as ``Model.field``."""
    model = resolved(schema, model)
    if model.get("examples"):
        return model["examples"][0]
    for given in (field, field.rpartition(".")[2]):
        if given in USUAL and model.get("type") != "array":
            return USUAL[given]
    if options := [*model.get("anyOf", ()), *model.get("allOf", ())]:
        return example_of(schema, options[0], field=field)
    if "enum" in model or "const" in model:
        return [*model.get("enum", ()), model.get("const")][0]
    if "properties" in model:
        return {
            name: example_of(schema, value, field=f"{model['title']}.{name}")
            for name, value in model["properties"].items()
        }
    return [example_of(schema, model["items"], field=field)] if "items" in model else _plain(model, field)


def _plain(model: Node, field: str) -> Any:
    plain: Mapping[str, Any] = {"boolean": False, "integer": max(7, model.get("minimum", 7))}
    kind = model.get("type", "")
    if kind in plain:
        return plain[kind]
    if model.get("format") in FORMATS:
        return FORMATS[model["format"]]
    raise NoExample(f"{field}: {model}")
