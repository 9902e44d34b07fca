"""The links of the OpenAPI document: from what lists or creates something to what can be done with one of it.

They follow from the addresses: below ``/v1/me/keys``, ``/v1/me/keys/{key_id}`` is about one of its elements.
"""

import re
from collections.abc import Mapping
from functools import reduce
from operator import getitem
from typing import Any

Node = Mapping[str, Any]
BELOW = re.compile(r"/\{(\w+)\}(/[^{]*)?")  # the rest of an address about one element of a collection


def add(schema: dict[str, Any]) -> None:
    """Add a link (OpenAPI 3.1, section 4.8.20) from each operation on a collection to each on one of its elements."""
    paths = schema["paths"]
    for address, methods in paths.items():
        for inner, operations in paths.items():
            if found := BELOW.fullmatch(inner.removeprefix(address)):
                for source in methods.values():
                    _link(schema, source, list(operations.values()), element=found[1])


def _link(schema: Node, source: Node, targets: list[Node], *, element: str) -> None:
    """Link an operation's successful response to the operations on the element in it, if there is one."""
    for status, answer in source["responses"].items():
        media = answer.get("content", {}).get("application/json", {})
        pointer = _pointer(schema, media.get("schema", {}), element) if int(status) < 300 else ""
        if pointer:
            outer = [one["name"] for one in source["parameters"] if one["in"] == "path"]
            parameters = {name: f"$request.path.{name}" for name in outer} | {element: f"$response.body#{pointer}"}
            answer["links"] = answer.get("links", {}) | {
                target["operationId"]: {"operationId": target["operationId"], "parameters": parameters}
                for target in targets
            }


def _pointer(schema: Node, model: Node, element: str) -> str:
    """Return where the element's id is: in the body, or in the first element of a list or a page. Empty if nowhere."""
    model = resolved(schema, model)
    if "items" in model.get("properties", {}):
        return _below("/items", _pointer(schema, model["properties"]["items"], element))
    if model.get("type") == "array":
        return _below("/0", _pointer(schema, model["items"], element))
    return next((f"/{name}" for name in (element, "id") if name in model.get("properties", {})), "")


def _below(part: str, rest: str) -> str:
    return part + rest if rest else ""


def resolved(schema: Node, value: Node) -> Node:
    """Return what a reference within the document stands for, or the value itself."""
    if "$ref" not in value:
        return value
    found: Node = reduce(getitem, value["$ref"].split("/")[1:], schema)
    return found
