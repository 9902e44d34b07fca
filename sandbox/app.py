"""A client of the product: a small app at `/app` where people sign in with it, and see what an app gets.

It is what a developer would write first: authorization code with PKCE, refresh, userinfo, sign-out, and back-channel
logout. It is public, so it has no secret; `manage.py demo` registers it under the same client ID.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request as Call
from urllib.request import urlopen

import jwt

from sandbox import pages
from sandbox.pages import Markup, element, fill, joined
from sandbox.routing import Endpoint, Routes
from sandbox.wire import Answer, Request, json_answer, redirect
from sandbox.world import World

CLIENT_ID = "sandbox-app"
SCOPE = "openid profile email offline_access"
COOKIE = "sandbox_app"
SECONDS = 10  # for a call to the product
MOST = 1000  # browsers that are remembered
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Visit:
    """What the app knows of one browser."""

    state: str = ""
    nonce: str = ""
    verifier: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    note: str = ""


class App:
    def __init__(self, world: World) -> None:
        self.world = world
        self._lock = threading.Lock()
        self._visits: dict[str, Visit] = {}

    def routes(self) -> Routes:
        return {
            ("GET", "/app"): Endpoint("app", self.show),
            ("POST", "/app/sign-in"): Endpoint("app-sign-in", self.sign_in, guarded=True),
            ("GET", "/app/callback"): Endpoint("app-callback", self.callback),
            ("POST", "/app/refresh"): Endpoint("app-refresh", self.refresh, guarded=True),
            ("POST", "/app/userinfo"): Endpoint("app-userinfo", self.ask, guarded=True),
            ("POST", "/app/sign-out"): Endpoint("app-sign-out", self.sign_out, guarded=True),
            ("POST", "/app/backchannel-logout"): Endpoint("app-backchannel-logout", self.hear_logout),
        }

    @property
    def callback_url(self) -> str:
        return f"{self.world.base_url}/app/callback"

    def show(self, request: Request) -> Answer:
        visit = self._visit(request)
        product = self.world.public_url
        if visit is None or not visit.tokens:
            note = visit.note if visit else ""
            return pages.page("An app", fill("app_visitor.html", product=product, note=_note(note)), "none")
        content = fill(
            "app.html",
            product=product,
            note=_note(visit.note),
            name=str(_claims(visit.tokens["id_token"]).get("name", "somebody")),
            id_token=_table(_claims(visit.tokens["id_token"])),
            access_token=_table(_claims(visit.tokens["access_token"])),
            userinfo=_table(visit.userinfo) if visit.userinfo else element("p", "Not asked yet.", class_="empty"),
        )
        return pages.page("An app", content, "none")

    def sign_in(self, _request: Request) -> Answer:
        visit = Visit(state=secrets.token_urlsafe(16), nonce=secrets.token_urlsafe(16))
        visit.verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(visit.verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.callback_url,
            "scope": SCOPE,
            "state": visit.state,
            "nonce": visit.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        key = self._keep(visit)
        cookie = ("Set-Cookie", f"{COOKIE}={key}; Path=/app; HttpOnly; SameSite=Lax")
        return redirect(f"{self.world.public_url}/oauth/authorize?{urlencode(parameters)}", headers=(cookie,))

    def callback(self, request: Request) -> Answer:
        visit, given = self._visit(request), request.query
        if visit is None or not visit.state or given.get("state") != visit.state:
            return pages.problem("This answer belongs to no sign-in of this browser.", 400)
        visit.state = ""
        if given.get("iss") != self.world.public_url:
            return pages.problem("This answer comes from another issuer.", 400)
        if "error" in given:
            visit.note = f"The product answered {given['error']}."
            return redirect("/app", 303)
        fields = {"grant_type": "authorization_code", "code": given.get("code", ""), "redirect_uri": self.callback_url}
        self._take(visit, fields | {"code_verifier": visit.verifier})
        if visit.tokens and _claims(visit.tokens["id_token"]).get("nonce") != visit.nonce:
            visit.tokens, visit.note = {}, "The ID token belongs to another sign-in."
        return redirect("/app", 303)

    def refresh(self, request: Request) -> Answer:
        visit = self._visit(request)
        if visit is not None and visit.tokens:
            fields = {"grant_type": "refresh_token", "refresh_token": visit.tokens.get("refresh_token", "")}
            self._take(visit, fields)
        return redirect("/app", 303)

    def ask(self, request: Request) -> Answer:
        visit = self._visit(request)
        if visit is not None and visit.tokens:
            headers = {"Authorization": f"Bearer {visit.tokens['access_token']}"}
            visit.userinfo = _call(f"{self.world.public_url}/oauth/userinfo", headers=headers)
        return redirect("/app", 303)

    def sign_out(self, request: Request) -> Answer:
        """Forget the tokens, and sign out at the product too (OpenID Connect RP-Initiated Logout 1.0)."""
        visit = self._visit(request)
        hint = {"id_token_hint": visit.tokens["id_token"]} if visit and visit.tokens else {}
        if visit is not None:
            visit.tokens, visit.userinfo, visit.note = {}, {}, "You are signed out of the app."
        back = {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"{self.world.base_url}/app"}
        return redirect(f"{self.world.public_url}/oauth/logout?{urlencode(hint | back)}", 303)

    def hear_logout(self, request: Request) -> Answer:
        """Sign out the browsers of a session that ended at the product (OpenID Connect Back-Channel Logout 1.0)."""
        try:
            said = self._verified(request.form.get("logout_token", ""))
        except (jwt.PyJWTError, KeyError, ValueError):
            return json_answer({"error": "invalid_request"}, 400)
        with self._lock:
            for visit in self._visits.values():
                if visit.tokens and _claims(visit.tokens["id_token"]).get("sid") == said.get("sid"):
                    visit.tokens, visit.userinfo = {}, {}
                    visit.note = "The product signed you out: your session there has ended."
        return json_answer({})

    def _verified(self, token: str) -> dict[str, Any]:
        keys = jwt.PyJWKSet.from_dict(_call(f"{self.world.public_url}/oauth/jwks"))
        key = keys[jwt.get_unverified_header(token)["kid"]]
        issuer = self.world.public_url
        said = jwt.decode(token, key, algorithms=["RS256"], audience=CLIENT_ID, issuer=issuer)
        if LOGOUT not in said.get("events", {}) or "nonce" in said:
            raise ValueError("not a logout token")
        return said

    def _take(self, visit: Visit, fields: Mapping[str, str]) -> None:
        body = urlencode({**fields, "client_id": CLIENT_ID}).encode()
        found = _call(f"{self.world.public_url}/oauth/token", body=body)
        if "access_token" in found:
            visit.tokens, visit.note = {**visit.tokens, **found}, ""
        else:
            visit.tokens, visit.note = {}, f"The product answered {found.get('error', 'nothing useful')}."

    def _visit(self, request: Request) -> Visit | None:
        return self._visits.get(request.cookie(COOKIE))

    def _keep(self, visit: Visit) -> str:
        key = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._visits) >= MOST:
                self._visits.pop(next(iter(self._visits)))
            self._visits[key] = visit
        return key


def _call(url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the product's JSON answer, also an error; an empty one if it cannot be reached."""
    try:
        with urlopen(Call(url, data=body, headers=dict(headers or {})), timeout=SECONDS) as response:  # noqa: S310
            found = json.load(response)
    except HTTPError as refused:
        with refused:
            found = _json(refused.read())
    except (URLError, OSError, ValueError):
        found = {}
    return found if isinstance(found, dict) else {}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _claims(token: str) -> dict[str, Any]:
    """Return what a token says. It came from the product's token endpoint itself, over the back channel."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def _table(said: Mapping[str, Any]) -> Markup:
    rows = (element("tr", joined((element("th", name), element("td", _text(value))))) for name, value in said.items())
    return element("div", element("table", joined(rows)), class_="scroll")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _note(text: str) -> Markup:
    return element("p", text, class_="state", role="status") if text else Markup("")
