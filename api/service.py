"""The API object with its resources, credentials and OpenAPI document."""

from django.conf import settings
from ninja import NinjaAPI

from api import errors, me
from api.callers import SessionCookie

api = NinjaAPI(
    title="Vestibule",
    version="1",
    description="Who is calling: a person or a service, and what they may do.",
    docs_url=None,  # a documentation page will come with more resources
    auth=[SessionCookie(settings.SESSION_COOKIE_NAME)],
)
api.add_router("/v1", me.router)
errors.register(api)
