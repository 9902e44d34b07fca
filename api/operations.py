"""The operations of an API with what each requires, read from the code that serves them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ninja import NinjaAPI
from ninja.utils import normalize_path

from api.guards import Guard
from api.rights import Requirement

PREFIX = "/api/"


def operations_of(api: NinjaAPI) -> Mapping[str, Requirement]:
    """Return what each operation requires, by method and address: ``"GET /api/v1/me"``.

    An operation for any caller requires nothing. One without a guard of ours would let everybody in: AssertionError.
    """
    found: dict[str, Requirement] = {}
    for router in api._get_bound_routers():  # noqa: SLF001  # ninja's own schema reads them like this
        for path, view in router.path_operations.items():
            address = normalize_path(f"{PREFIX}{router.prefix}/{path}")
            for operation in view.operations:
                [guard] = operation.auth_callbacks
                assert isinstance(guard, Guard), address  # noqa: S101  # a mistake in the code
                for method in operation.methods:
                    found[f"{method} {address}"] = guard.requirement or Requirement()
    return found


def words_of(requirement: Requirement) -> dict[str, Any]:
    """Return what is required under the words of ``requires``, for the documents: ``fresh`` in seconds."""
    found: dict[str, Any] = {}
    for one in fields(requirement):
        value = getattr(requirement, one.name)
        if value:
            found[one.name] = int(value.total_seconds()) if one.name == "fresh" else value
    return found
