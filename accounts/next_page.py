"""Where people go after signing in: a page of this site or nothing."""

from django.utils.http import url_has_allowed_host_and_scheme

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
