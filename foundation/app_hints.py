"""What an app that sends people here knows of them: it is part of the URL to which they return after signing in.

The parameters of our own pages decide nothing about the request to a provider. These hints do, because they come with
an authorization request, and only help: who signs in, the provider decides.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

AUTHORIZE = "/oauth/authorize"
LONGEST = 320  # characters, the longest e-mail address


@dataclass(frozen=True, kw_only=True)
class AppHints:
    """``login_hint`` names the account (OpenID Connect Core, section 3.1.2.1), ``provider`` where people sign in."""

    login_hint: str = ""
    provider: str = ""


def hints_in(next_url: str) -> AppHints:
    """Return the hints of an authorization request to which a sign-in leads, or none."""
    parts = urlsplit(next_url)
    if parts.path != AUTHORIZE:
        return AppHints()
    given = parse_qs(parts.query)
    login_hint, provider = (given.get(name, [""])[0] for name in ("login_hint", "idp_hint"))
    is_fine = len(login_hint) <= LONGEST and login_hint.isprintable()
    return AppHints(login_hint=login_hint if is_fine else "", provider=provider)
