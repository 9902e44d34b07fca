"""The API object with its resources, errors and OpenAPI document."""

from ninja import NinjaAPI

from api import errors, me, own_account
from api.guards import ANYBODY

api = NinjaAPI(
    title="Vestibule",
    version="1",
    description="Who is calling: a person or a service, and what they may do.",
    docs_url=None,
    auth=ANYBODY,
)
for resource in (me, own_account):
    api.add_router("/v1", resource.router)
errors.register(api)
