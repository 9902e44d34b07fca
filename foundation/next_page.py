"""What a sign-in is told by the page it began on: where to go afterwards, and how the person wants to come in."""

from urllib.parse import quote, unquote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from foundation import lifetimes
from foundation.cookies import cookie_name, set_cookie

REMEMBER_ME = "remember"
COOKIE = cookie_name("next")  # where a link that was mailed leads afterwards
ACCOUNT, ANOTHER = "account", "another"  # ?account=another: the provider lets them choose
LONGEST = 2048  # characters: the most that Django redirects to; in a cookie it must fit besides (providers.flow)
LOST = "next_too_long"
LONGEST_COOKIE = 3584  # of what browsers keep of one, with its name and attributes: 4,096 (RFC 6265bis, section 5.6)
UNQUOTED = "!#$&'()*+/:<=>?@[]^`{|}"  # what a cookie's value may have besides letters, digits and -._~


def safe_next(url: str) -> str:
    """Return a path of this site as it was given, or an empty text for anything that a browser could take elsewhere.

    Browsers drop tabs and line breaks, and read a backslash as a slash: nothing of the kind is let through.
    """
    return url if len(url) <= LONGEST and _is_of_this_site(url) else ""


def requested_next(request: HttpRequest) -> str:
    """Return where a page was asked to lead afterwards, or an empty text.

    An address of this site that is too long to be kept is not dropped without a word: who came for it lands on a page
    that says so.
    """
    given = request.GET.get("next", "")
    is_lost = len(given) > LONGEST and _is_of_this_site(given[:LONGEST])
    return lost_page() if is_lost else safe_next(given)


def posted_next(request: HttpRequest) -> str:
    """Return the same of a page that has been posted to: the admin's form of passwords says it itself."""
    return safe_next(request.POST.get("next", "")) or requested_next(request)


def store_next(response: HttpResponse, next_url: str) -> None:
    """Leave with a browser that waits for a mail where it was going: a stranger's word of it belongs in no mail."""
    if next_url:
        set_cookie(response, COOKIE, as_cookie(next_url), max_age=lifetimes.NEXT_PAGE)


def stored_next(request: HttpRequest) -> str:
    """Return what ``store_next`` left with this browser. Another one, in which the mail was opened, knows nothing."""
    return from_cookie(request.COOKIES.get(COOKIE, ""))


def as_cookie(next_url: str) -> str:
    """Return an address in what cookies may hold, or the page that says so where it is too long for that."""
    quoted = quote(next_url, safe=UNQUOTED)
    return quoted if len(quoted) <= LONGEST_COOKIE else lost_page()


def from_cookie(value: str) -> str:
    """Return the address again; no more is believed of it than of one in a link."""
    return safe_next(unquote(value))


def lost_page() -> str:
    return f"{reverse('account')}?{LOST}"


def wants_to_stay(request: HttpRequest) -> bool:
    """Whether the person asked, on a page or in a form, to be kept signed in on this device."""
    return "on" in (request.GET.get(REMEMBER_ME), request.POST.get(REMEMBER_ME))


def wants_another(request: HttpRequest) -> bool:
    """Whether the person wants to choose an account at the provider, which would take the one that it knows."""
    return request.GET.get(ACCOUNT) == ANOTHER


def query(next_url: str, *, stay: bool, another: bool = False, **more: str) -> str:
    """Return what tells the next page of a sign-in the same, with a question mark, or an empty text.

    The page to which all lead who say nothing is left out.
    """
    told = {
        "next": "" if next_url == reverse(settings.LOGIN_REDIRECT_URL) else safe_next(next_url),
        **more,
        ACCOUNT: ANOTHER if another else "",
        REMEMBER_ME: "on" if stay else "",
    }
    found = urlencode({name: value for name, value in told.items() if value})
    return f"?{found}" if found else ""


def _is_of_this_site(url: str) -> bool:
    is_plain = url.isascii() and url.isprintable() and not {"\\", " "} & set(url)
    is_path = url.startswith("/") and not url.startswith("//")
    return is_plain and is_path and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
