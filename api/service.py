"""The API as one object: its resources, its credentials, its document."""

from django.conf import settings
from ninja import NinjaAPI

from api import errors, me
from api.callers import SessionCookie

api = NinjaAPI(
    title="Vestibule",
    version="1",
    description="What the entry hall knows of who is calling.",
    docs_url=None,  # comes with the resources that are worth reading about
    auth=[SessionCookie(settings.SESSION_COOKIE_NAME)],
)
api.add_router("/v1", me.router)
errors.register(api)
