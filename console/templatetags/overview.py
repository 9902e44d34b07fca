"""The overview as a tag of templates, for the admin's first page."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from console.overview.page import may_see_overview, shown

register = template.Library()


@register.inclusion_tag("overview/overview.html", takes_context=True)
def overview(context: dict[str, Any]) -> dict[str, object]:
    """Show the overview to those who may see it, and nothing to anybody else."""
    request: HttpRequest | None = context.get("request")
    user = request.user if request else AnonymousUser()
    return {"panels": shown() if may_see_overview(user) else []}
