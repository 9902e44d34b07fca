"""The site for which passkeys are made: the host of PUBLIC_URL, which must be a name and not an IP address."""

from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

LONGEST_NAME = 60  # characters in the name that a person gives a passkey


class PasskeyRefused(Exception):
    """The browser's response is not a passkey's valid response to this challenge, for this site and person."""

    reason = "passkey_not_verified"
    person: UUID | None = None


class PasskeyCopied(PasskeyRefused):
    """The signature counter of the passkey has not increased: somebody may have a copy of it.

    W3C Web Authentication, Level 2, section 7.2, step 21.
    """

    reason = "passkey_counter_went_back"

    def __init__(self, person: UUID) -> None:
        super().__init__(str(person))
        self.person = person


def host() -> str:
    """Return the relying party id: the host of PUBLIC_URL, whatever host a request names."""
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def site() -> str:
    """Return the URL at which passkeys work, or nothing if the site's host is an IP address and cannot have any."""
    return "" if _is_address(host()) else str(settings.PUBLIC_URL)


def is_possible(request: HttpRequest) -> bool:
    """Whether a browser can use passkeys in this request: its host must be a name, and that of PUBLIC_URL."""
    return bool(site()) and urlsplit(f"//{request.get_host()}").hostname == host()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
