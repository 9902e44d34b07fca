"""The API object with its resources, errors and OpenAPI document."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from api import document, errors, me, own_account, parameters, references
from api.administration import audit, clients, rights, sessions, users
from api.guards import ANYBODY
from api.json_body import StrictJson
from api.operations import operations_of
from api.rights import Requirement
from api.tenants import domains, invitations, members, own, roles, settings, trail


class Api(NinjaAPI):
    """ninja's, with a complete OpenAPI document."""

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**where)
        document.complete(schema, operations())
        return schema


api = Api(
    title="Vestibule",
    version="1",
    description="Who is calling: a person or a service, and what they may do.",
    docs_url=None,  # the page is ours: api.pages
    auth=ANYBODY,
    parser=StrictJson(),
)
OF_TENANTS = (own, members, invitations, roles, settings, domains, trail)
OF_ADMINISTRATORS = (users, rights, sessions, clients, audit)
for resource in (me, own_account, *OF_TENANTS, *OF_ADMINISTRATORS):
    api.add_router("/v1", resource.router)
errors.register(api)
api.add_decorator(parameters.only_documented)
api.add_decorator(references.checked)


@cache
def operations() -> Mapping[str, Requirement]:
    """Return what each operation requires, by method and address: ``"GET /api/v1/me"``."""
    return operations_of(api)
