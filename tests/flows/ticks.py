"""Checkboxes that are toggled by opening another URL (console/templatetags/tick.py)."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

FORM = re.compile(r'<form class="ticking" method="get" action="([^"]*)">(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'name="([^"]*)" value="([^"]*)"')


def boxes_on(page: Any) -> list[tuple[str, dict[str, str]]]:
    """Return, for each checkbox on a page, the path and the fields that toggle it."""
    found = FORM.findall(page.content.decode())
    return [
        (unescape(path), {unescape(name): unescape(value) for name, value in FIELD.findall(inner)})
        for path, inner in found
    ]


def the_other_way(page: Any) -> str:
    """Return the URL that toggles the only checkbox of a page."""
    ((path, fields),) = boxes_on(page)
    return f"{path}?{urlencode(fields)}" if fields else path
