"""Where people go afterwards never leaves the site, however it is disguised."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.next_page import LONGEST, safe_next

SITE = "https://vestibule.example"
DISGUISES = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "https://vestibule.example@evil.example/",
    "https://vestibule.example.evil.example/",
    "/\x00/evil.example",
    "/\u2028/evil.example",
    "//evil。example",
    "/ok\r\nSet-Cookie: a=b",
    "",
    "/" + "a" * LONGEST,
]
PIECES = st.sampled_from(["/", "\\", "//", ".", "..", "@", ":", "?", "#", "%2f", "%5c", "\t", "\n", "evil"])


@pytest.mark.promise(20)
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_leads_nowhere(disguise: str) -> None:
    assert safe_next(disguise) == ""


@pytest.mark.promise(20)
@pytest.mark.parametrize("path", ["/", "/accounts/", "/a/b?c=d&e=%2F#f", "/?next=https://evil.example/", "/a//b"])
def test_a_page_of_this_site_is_kept_as_it_was_given(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.promise(20)
@given(st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))
def test_whatever_is_let_through_stays_on_the_site(text: str) -> None:
    kept = safe_next(text)
    landed = urlsplit(urljoin(SITE, kept))

    assert kept in {"", text}
    assert f"{landed.scheme}://{landed.netloc}" == SITE
    assert kept.isprintable()
    assert "\\" not in kept
