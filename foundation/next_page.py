"""The parameters that a page passes to a sign-in: where to go afterwards, and which choices the person made."""

from urllib.parse import quote, unquote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from foundation import lifetimes
from foundation.cookies import cookie_name, set_cookie

REMEMBER_ME = "remember"
COOKIE = cookie_name("next")  # where a mailed link leads afterwards
ACCOUNT, ANOTHER = "account", "another"  # ?account=another: the provider lets the person choose an account
CHOICE = "choice"  # ?choice: the sign-in page offers every provider, and other accounts
LONGEST = 2048  # characters: Django redirects to nothing longer; it must also fit into a cookie (providers.flow)
LOST = "next_too_long"
LONGEST_COOKIE = 3584  # bytes; with name and attributes browsers keep 4,096 (RFC 6265bis, section 5.6)
UNQUOTED = "!#$&'()*+/:<=>?@[]^`{|}"  # what a cookie's value may contain besides letters, digits and -._~


def safe_next(url: str) -> str:
    """Return a path of this site unchanged, or an empty string for anything that could lead a browser elsewhere.

    Browsers drop tabs and line breaks and read a backslash as a slash, so URLs that contain these are rejected.
    """
    return url if len(url) <= LONGEST and _is_of_this_site(url) else ""


def requested_next(request: HttpRequest) -> str:
    """Return the ``next`` URL of a page, or an empty string.

    A URL of this site that is too long is not dropped silently: the person is led to a page that says so.
    """
    given = request.GET.get("next", "")
    is_lost = len(given) > LONGEST and _is_of_this_site(given[:LONGEST])
    return lost_page() if is_lost else safe_next(given)


def posted_next(request: HttpRequest) -> str:
    """Return the ``next`` URL of a POST request. The admin's sign-in form posts it as a field."""
    return safe_next(request.POST.get("next", "")) or requested_next(request)


def store_next(response: HttpResponse, next_url: str) -> None:
    """Store in a cookie where a mailed link should lead: a URL that a stranger may have chosen belongs in no mail."""
    if next_url:
        set_cookie(response, COOKIE, as_cookie(next_url), max_age=lifetimes.NEXT_PAGE)


def stored_next(request: HttpRequest) -> str:
    """Return the URL that ``store_next`` stored in this browser, or an empty string in any other browser."""
    return from_cookie(request.COOKIES.get(COOKIE, ""))


def as_cookie(next_url: str) -> str:
    """Return a URL quoted for a cookie. If it is too long, return the page that says so."""
    quoted = quote(next_url, safe=UNQUOTED)
    return quoted if len(quoted) <= LONGEST_COOKIE else lost_page()


def from_cookie(value: str) -> str:
    """Return the URL from a cookie. It is checked like one from a link."""
    return safe_next(unquote(value))


def lost_page() -> str:
    return f"{reverse('account')}?{LOST}"


def wants_to_stay(request: HttpRequest) -> bool:
    """Whether the person asked, on a page or in a form, to stay signed in on this device."""
    return "on" in (request.GET.get(REMEMBER_ME), request.POST.get(REMEMBER_ME))


def wants_another(request: HttpRequest) -> bool:
    """Whether the person wants to choose an account at the provider, which otherwise uses the one it knows."""
    return request.GET.get(ACCOUNT) == ANOTHER


def query(next_url: str, *, stay: bool, another: bool = False, **more: str) -> str:
    """Return the query string with which the next page of a sign-in gets the same parameters, or an empty string.

    It starts with a question mark. The default page after a sign-in is left out.
    """
    parameters = {
        "next": "" if next_url == reverse(settings.LOGIN_REDIRECT_URL) else safe_next(next_url),
        **more,
        ACCOUNT: ANOTHER if another else "",
        REMEMBER_ME: "on" if stay else "",
    }
    found = urlencode({name: value for name, value in parameters.items() if value})
    return f"?{found}" if found else ""


def _is_of_this_site(url: str) -> bool:
    is_plain = url.isascii() and url.isprintable() and not {"\\", " "} & set(url)
    is_path = url.startswith("/") and not url.startswith("//")
    return is_plain and is_path and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
