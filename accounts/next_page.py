"""What a sign-in is told by the page it began on: where to go afterwards, and whether to keep the person signed in."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

REMEMBER = "remember"
LONGEST = 512  # characters: it travels in a cookie, of which a browser may hold six


def safe_next(url: str) -> str:
    """Return a path of this site as it was given, or an empty text for anything that a browser could take elsewhere.

    Browsers drop tabs and line breaks, and read a backslash as a slash: nothing of the kind is let through.
    """
    if len(url) > LONGEST:
        return ""
    is_plain = url.isascii() and url.isprintable() and not {"\\", " "} & set(url)
    is_path = url.startswith("/") and not url.startswith("//")
    return url if is_plain and is_path and url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""


def wants_to_stay(request: HttpRequest) -> bool:
    """Whether the person asked, on a page or in a form, to be kept signed in on this device."""
    return "on" in (request.GET.get(REMEMBER), request.POST.get(REMEMBER))


def query(next_url: str, *, stay: bool, **more: str) -> str:
    """Return what tells the next page of a sign-in the same, with a question mark, or an empty text."""
    told = {"next": safe_next(next_url), **more, REMEMBER: "on" if stay else ""}
    found = urlencode({name: value for name, value in told.items() if value})
    return f"?{found}" if found else ""
