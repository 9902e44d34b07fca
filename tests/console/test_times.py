"""Every time in the admin has the same format, with its zone: ``2026-11-28 14:55:13 UTC``.

If each page had its own format, nobody would know which day is meant, or in which time zone.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.html import strip_tags

from accounts.models import User
from tenancy import site_context
from tests.console.crawler import address, registered
from tests.console.test_crawl import furnished
from tests.support.proven import proven
from tests.tenancy.conftest import Town

__all__ = ["furnished"]
pytestmark = pytest.mark.django_db

WHOLE = re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\b")
MONTH = r"(?:Jan|Feb|March|April|May|June|July|Aug|Sept|Oct|Nov|Dec)[a-z]*\.?"
OTHERWISE = {
    "a month in words": re.compile(rf"\b(?:{MONTH} \d{{1,2}}\b|\d{{1,2}} {MONTH}(?![a-z]))"),
    "parts between strokes": re.compile(r"\b\d{1,2}/\d{1,2}/\d{2,4}\b"),
    "half a day": re.compile(r"\b\d{1,2}(?::\d\d)? ?(?:[ap]\.m\.|[AP]M\b|noon|midnight)"),
    "no zone": re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?(?![\d:])(?!\.\d)(?! UTC)"),
}
# Scripts, machine-readable values, and values in form fields, whose labels name the zone.
UNSEEN = re.compile(r"<(script|style|template)\b.*?</\1>|<(input|time|option|textarea)\b[^>]*>", re.DOTALL)


@pytest.mark.slow
def test_every_time_on_every_page_names_its_zone_and_has_the_same_format(furnished: Town) -> None:
    root = proven(User.objects.get(username="root"))
    pages = [
        (url, strip_tags(UNSEEN.sub("", answer.content.decode())))
        for url in _addresses()
        if _is_page(answer := root.get(url))
    ]
    wrong = [
        (what, how, text[max(0, found.start() - 60) : found.end() + 20])
        for what, text in pages
        for how, looks in OTHERWISE.items()
        if (found := looks.search(text))
    ]

    assert wrong == []
    assert sum(bool(WHOLE.search(text)) for _what, text in pages) >= 8


def test_the_check_finds_the_formats_that_it_must_reject() -> None:
    """A test that cannot fail proves nothing. All of these formats were once used in one admin."""
    for told in ("Nov. 28, 2026, 2:55 p.m.", "11/28/2026 15:11:13", "28 Nov", "Nov. 28, 2026, 15:11:13", "15:11"):
        assert any(looks.search(told) for looks in OTHERWISE.values()), told
    assert not any(looks.search("seen 2026-11-28 14:55:13 UTC, and then") for looks in OTHERWISE.values())


def _addresses() -> Iterator[str]:
    """Yield the URLs of the overview, and of every model's list, of a row's page and of its history."""
    yield "/admin/"
    for model_admin in registered():
        yield address(model_admin, "changelist")
        with site_context("a test looks for a row"):
            found = model_admin.model._base_manager.order_by("-pk").first()  # noqa: SLF001  # Django's name for it
        if found is not None:
            yield from (address(model_admin, name, found) for name in ("change", "history"))


def _is_page(answer: Any) -> bool:
    return answer.status_code == 200 and "html" in answer.headers.get("Content-Type", "")
