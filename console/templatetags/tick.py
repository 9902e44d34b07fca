"""A box that is ticked by going to another address, where several forms share what it says and none of them owns it."""

from urllib.parse import parse_qsl, urlsplit

from django import template

register = template.Library()


@register.inclusion_tag("includes/tick.html")
def tick(label: str, url: str, is_on: bool) -> dict[str, object]:  # noqa: FBT001  # as a template gives it
    """Return what the box is made of; ``way`` is the address, with its query, where it stands the other way.

    It is a button of a form that asks, so that the space bar presses it and no script is needed; to whoever listens it
    is a box with its state.
    """
    parts = urlsplit(url)
    return {
        "label": label,
        "is_on": is_on,
        "path": parts.path,
        "fields": parse_qsl(parts.query, keep_blank_values=True),
    }
