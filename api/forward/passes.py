"""How a session reaches a protected host: by an admission that works once, for a pass that counts only there.

A pass is a cookie of that host. It names the row of the person's session, so it ends with the session, and the host's
origin, so that no application can use what it sees of a pass at another host. Nothing of it is stored.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models.session import row_key
from accounts.sessions import SessionStore
from accounts.sign_in import used_once
from authserver.models import ProtectedHost
from foundation import lifetimes
from foundation.cookies import cookie_name, set_cookie
from foundation.macs import is_authentic, mac

PATH = "/.vestibule/admission"  # at each protected host; no request for it reaches the application
PASS, BROWSER = "vestibule_pass", "vestibule_browser"
ROW_KEY = re.compile(r"[0-9a-f]{40}\Z")
RANDOM = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # 256 bits in base64url; also the digest of one
USE = "pass"
SALT = "api.forward.admission"


class SessionOfPass(SessionStore):
    """The session that a pass names by the key of its row. The browser's own key is not known here (ADR 34)."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and ROW_KEY.match(key))


def session_of(cookies: Mapping[str, str], host: ProtectedHost) -> SessionStore:
    """Return the session that the browser's pass for this host names. Without a valid pass it is an empty one."""
    key, _, code = cookies.get(_cookie(host, PASS), "").partition(".")
    return SessionOfPass(key if is_authentic(code, USE, host.origin, key) else None)


def browser_of(cookies: Mapping[str, str], host: ProtectedHost) -> str:
    """Return the random text by which this host recognises the browser that an admission is for: a new one at first."""
    found = cookies.get(_cookie(host, BROWSER), "")
    return found if RANDOM.match(found) else secrets.token_urlsafe(32)


def mark_browser(response: HttpResponse, host: ProtectedHost, browser: str) -> None:
    """Let the browser keep such a text, which all of its tabs share."""
    _set(response, host, BROWSER, browser)


def digest_of(browser: str) -> str:
    return base64.urlsafe_b64encode(sha256(browser.encode()).digest()).rstrip(b"=").decode()


def admission_url(request: HttpRequest, host: ProtectedHost, *, digest: str, url: str) -> str:
    """Return where this session's person gets a pass for a host, within a minute: in one browser, then to ``url``.

    ``digest`` is that of the browser's text. Without it, who sends a link to others would sign them in as themselves.
    """
    said = [host.origin, row_key(request.session.session_key), digest, url, secrets.token_urlsafe(8)]
    return f"{host.origin}{PATH}?{urlencode({'admission': signing.dumps(said, salt=SALT)})}"


def admit(host: ProtectedHost, browser: str, admission: str) -> HttpResponse | None:
    """Use an admission: return a redirect that sets the pass, or None if it is over, used, or for another browser."""
    try:
        origin, key, digest, url, _ = signing.loads(admission, salt=SALT, max_age=lifetimes.ADMISSION)
    except signing.BadSignature:
        return None
    if origin != host.origin or digest != digest_of(browser):
        return None
    if not used_once.use("admission", admission, remembered_for=2 * lifetimes.ADMISSION):
        return None
    response = HttpResponse(headers={"Location": url})
    _set(response, host, PASS, f"{key}.{mac(USE, host.origin, key)}")
    return response


def _cookie(host: ProtectedHost, name: str) -> str:
    return cookie_name(name, over_tls=_is_over_tls(host))


def _set(response: HttpResponse, host: ProtectedHost, name: str, value: str) -> None:
    """Set the one cookie of a response: nginx passes on one only. It ends with the browser."""
    set_cookie(response, _cookie(host, name), value, max_age=None, over_tls=_is_over_tls(host))


def _is_over_tls(host: ProtectedHost) -> bool:
    return host.origin.startswith("https://")
