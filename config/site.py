"""A context processor with the name of the site."""

from django.conf import settings
from django.http import HttpRequest


def names(request: HttpRequest) -> dict[str, str]:
    return {"site_name": settings.SITE_NAME}
