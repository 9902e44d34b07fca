"""The API object with its resources, errors and OpenAPI document."""

from ninja import NinjaAPI

from api import errors, me
from api.guards import ANYBODY

api = NinjaAPI(
    title="Vestibule",
    version="1",
    description="Who is calling: a person or a service, and what they may do.",
    docs_url=None,
    auth=ANYBODY,
)
api.add_router("/v1", me.router)
errors.register(api)
