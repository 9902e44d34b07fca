"""What a sign-in is told by the page it began on: where to go afterwards, and how the person wants to come in."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

REMEMBER = "remember"
ACCOUNT, ANOTHER = "account", "another"  # ?account=another: the provider lets them choose
LONGEST = 2048  # characters: the most that Django redirects to; in a cookie it must fit besides (providers.flow)
LOST = "next_too_long"


def safe_next(url: str) -> str:
    """Return a path of this site as it was given, or an empty text for anything that a browser could take elsewhere.

    Browsers drop tabs and line breaks, and read a backslash as a slash: nothing of the kind is let through.
    """
    return url if len(url) <= LONGEST and _is_of_this_site(url) else ""


def wanted_next(request: HttpRequest) -> str:
    """Return where a page was asked to lead afterwards, or an empty text.

    An address of this site that is too long to be kept is not dropped without a word: who came for it lands on a page
    that says so.
    """
    given = request.GET.get("next", "")
    is_lost = len(given) > LONGEST and _is_of_this_site(given[:LONGEST])
    return lost_page() if is_lost else safe_next(given)


def lost_page() -> str:
    return f"{reverse('account')}?{LOST}"


def wants_to_stay(request: HttpRequest) -> bool:
    """Whether the person asked, on a page or in a form, to be kept signed in on this device."""
    return "on" in (request.GET.get(REMEMBER), request.POST.get(REMEMBER))


def wants_another(request: HttpRequest) -> bool:
    """Whether the person wants to choose an account at the provider, which would take the one that it knows."""
    return request.GET.get(ACCOUNT) == ANOTHER


def query(next_url: str, *, stay: bool, another: bool = False, **more: str) -> str:
    """Return what tells the next page of a sign-in the same, with a question mark, or an empty text."""
    told = {
        "next": safe_next(next_url),
        **more,
        ACCOUNT: ANOTHER if another else "",
        REMEMBER: "on" if stay else "",
    }
    found = urlencode({name: value for name, value in told.items() if value})
    return f"?{found}" if found else ""


def _is_of_this_site(url: str) -> bool:
    is_plain = url.isascii() and url.isprintable() and not {"\\", " "} & set(url)
    is_path = url.startswith("/") and not url.startswith("//")
    return is_plain and is_path and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
