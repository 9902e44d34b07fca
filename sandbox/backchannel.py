"""Tell the product that a Keycloak session has ended (OpenID Connect Back-Channel Logout 1.0)."""

import http.client
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from sandbox.drafts import Draft
from sandbox.faults import Lie, Stage
from sandbox.providers import Provider
from sandbox.sessions import Session
from sandbox.world import World

PATH = "/accounts/keycloak/backchannel-logout/"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SECONDS = 3.0


@dataclass(frozen=True)
class LogoutSent:
    """The product's response to a logout token: its status, or 0 and the problem."""

    status: int
    problem: str = ""


def logout_token(world: World, session: Session, other: Mapping[str, object] | None = None) -> str:
    """Sign a logout token, altered by a fault of the logout stage if one is active.

    Claims in ``other`` replace the usual ones; None removes one.
    """
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": world.issuer(Provider.KEYCLOAK),
        "aud": world.client(Provider.KEYCLOAK).client_id,
        "sub": session.persona.subject(Provider.KEYCLOAK),
        "sid": session.sid,
        "iat": now,
        "exp": now + 120,
        "jti": str(uuid.uuid4()),
        "events": {EVENT: {}},
        **(other or {}),
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    draft = Draft(world.scene(Provider.KEYCLOAK), claims, {"typ": "logout+jwt"})
    for lie in world.effects(Provider.KEYCLOAK, Lie, stage=Stage.LOGOUT):
        lie.bend(draft)
    return str(draft.signed())


def send_logout(world: World, token: str) -> LogoutSent:
    """Post a logout token to the product, on loopback only, with a timeout of three seconds."""
    parts = urlsplit(world.public_url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return LogoutSent(0, "The product is not on loopback by plain HTTP: nothing was sent.")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=SECONDS)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", parts.path + PATH, urlencode({"logout_token": token}), headers)
        return LogoutSent(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as failure:
        return LogoutSent(0, f"The product did not answer: {failure}")
    finally:
        connection.close()


def end_session(world: World, sid: str) -> LogoutSent | None:
    """End a session and its grants. Keycloak also sends a logout token. Return None if there is no such session."""
    session = world.sessions.end(sid)
    if session is None:
        return None
    world.grants.revoke_session(sid)
    if session.provider is not Provider.KEYCLOAK:
        return LogoutSent(0, f"{session.provider.label} sends no logout tokens.")
    return send_logout(world, logout_token(world, session))
