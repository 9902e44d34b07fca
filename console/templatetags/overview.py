"""A template tag for the overview on the admin's first page."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from console.overview.page import may_see_overview, shown

register = template.Library()


@register.inclusion_tag("overview/overview.html", takes_context=True)
def overview(context: dict[str, Any]) -> dict[str, object]:
    """Render the overview, without any panels if the user may not see it."""
    request: HttpRequest | None = context.get("request")
    user = request.user if request else AnonymousUser()
    return {"panels": shown() if may_see_overview(user) else []}
