"""What a passkey is for: the host of PUBLIC_URL, which must be a name."""

from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

LONGEST_NAME = 60  # characters by which a person calls a passkey


class PasskeyRefused(Exception):
    """What a browser answered is no passkey's word to this challenge, on this site, for this person."""

    reason = "passkey_not_verified"
    person: UUID | None = None


class PasskeyCopied(PasskeyRefused):
    """A passkey that counts its signatures has not counted on: perhaps somebody has a copy of it.

    W3C Web Authentication, Level 2, section 7.2, step 21.
    """

    reason = "passkey_counter_went_back"

    def __init__(self, person: UUID) -> None:
        super().__init__(str(person))
        self.person = person


def host() -> str:
    """Return the relying party's id: the host of PUBLIC_URL, whatever a request calls it."""
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def site() -> str:
    """Return where passkeys work: nothing, while the site has an address for a name and cannot have any."""
    return "" if _is_address(host()) else str(settings.PUBLIC_URL)


def is_possible(request: HttpRequest) -> bool:
    """Whether a browser would do it here: only under a host's name, and under that of PUBLIC_URL."""
    return bool(site()) and urlsplit(f"//{request.get_host()}").hostname == host()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
