"""What an API asks for if a sign-in is too old or too weak (RFC 9470), and how Vestibule is asked for it."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

CHALLENGE = 'error="insufficient_user_authentication"'
INVALID = 'error="invalid_token"'
WANTED = {"acr_values": re.compile(r"[!-~][ -~]{0,99}"), "max_age": re.compile(r"[0-9]{1,9}")}
PLACE = re.compile(r"/(?![/\\])[!-\[\]-~]{0,500}")  # a path of this site, and no browser's spelling of another one


def asked_by(challenge: str) -> dict[str, str] | None:
    """Return the parameters in a WWW-Authenticate header that asks for a step-up, or None if it does not."""
    if CHALLENGE not in challenge:
        return None
    return allowed(dict(re.findall(r'(\w+)="([^"\\]*)"', challenge)))


def allowed(given: Mapping[str, str]) -> dict[str, str]:
    """Return those parameters of a request that may go on to Vestibule. They can only ask for more of the person."""
    return {name: given[name] for name, form in WANTED.items() if form.fullmatch(given.get(name, ""))}


def sign_in_path(wanted: Mapping[str, str]) -> str:
    return f"/bff/sign-in?{urlencode(wanted)}"


def local(place: str) -> str:
    """Return a place of this site to return to; the start page for any other."""
    return place if PLACE.fullmatch(place) else "/"
