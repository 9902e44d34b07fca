"""A checkbox that works by loading another URL, for a choice that several forms on a page share."""

from urllib.parse import parse_qsl, urlsplit

from django import template

register = template.Library()


@register.inclusion_tag("includes/tick.html")
def tick(label: str, url: str, is_on: bool) -> dict[str, object]:  # noqa: FBT001  # as a template gives it
    """Return the context of the checkbox. ``url`` is the URL, with its query, of the page with the other state.

    It is the submit button of a GET form, so that it works with the space bar and without scripts. Screen readers
    announce a checkbox with its state.
    """
    parts = urlsplit(url)
    return {
        "label": label,
        "is_on": is_on,
        "path": parts.path,
        "fields": parse_qsl(parts.query, keep_blank_values=True),
    }
