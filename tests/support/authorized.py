"""Apps that people have authorized, without the pages for that: their codes and tokens, and time that passes."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.test import Client as Browser

from accounts.models import User
from authserver.authorization import codes
from authserver.models import AuthorizationCode, Client, Consent, GrantType
from foundation.rows import change
from tests.support.oauth import basic, registered, token_request

CALLBACK = "https://app.example/callback"
ALL = ("openid", "email", "profile", "offline_access")
CODE_GRANTS = [GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN]
MOVE = """
    UPDATE authserver_authorizationcode SET
        created_at = created_at - %(by)s, expires_at = expires_at - %(by)s, used_at = used_at - %(by)s;
    UPDATE authserver_accesstoken SET created_at = created_at - %(by)s, expires_at = expires_at - %(by)s;
    UPDATE authserver_tokenfamily SET
        created_at = created_at - %(by)s, expires_at = expires_at - %(by)s, rotated_at = rotated_at - %(by)s,
        uses = ARRAY(SELECT u.at - %(by)s FROM unnest(uses) WITH ORDINALITY u(at, place) ORDER BY u.place);
"""


def later(**time: float) -> None:
    """Let time pass for codes and tokens, which are judged by the database's clock: everything becomes older."""
    change(MOVE, {"by": timedelta(**time)})


@dataclass
class App:
    """A registered app with its secret, as it talks to the token endpoint. ``verifier`` is of its last request."""

    client: Client
    secret: str
    verifier: str = ""
    browser: Browser = field(default_factory=lambda: Browser(raise_request_exception=False))

    @classmethod
    def registered(cls, **chosen: Any) -> "App":
        """Register an app to which people give codes and that refreshes its tokens, unless the fields say otherwise."""
        return cls(*registered(**{"grants": CODE_GRANTS, "scopes": ALL, "redirect_uris": [CALLBACK], **chosen}))

    def authorized(self, user: User, *, scopes: Sequence[str] = ALL, **chosen: Any) -> str:
        """Return a code, as after a consent of this person, that needs the app's ``verifier``."""
        self.verifier = secrets.token_urlsafe(32)
        return authorized(self.client, user, scopes=scopes, verifier=self.verifier, **chosen)

    def post(self, **fields: Any) -> Any:
        """Send a token request. Fields that are None are left out; a public app names itself in the body."""
        if self.client.is_public:
            fields.setdefault("client_id", self.client.client_id)
        auth = basic(self.client.client_id, self.secret) if self.secret else None
        return token_request(self.browser, {name: value for name, value in fields.items() if value is not None}, auth)

    def redeem(self, code: str, **changed: Any) -> Any:
        usual = {"code": code, "redirect_uri": CALLBACK, "code_verifier": self.verifier}
        return self.post(**{"grant_type": "authorization_code", **usual, **changed})

    def refresh(self, token: str, **more: Any) -> Any:
        return self.post(grant_type="refresh_token", refresh_token=token, **more)

    def tokens(self, user: User, **chosen: Any) -> Any:
        """Return the first answer with tokens for a person, as JSON."""
        answer = self.redeem(self.authorized(user, **chosen))
        assert answer.status_code == 200, answer.content
        return answer.json()


def authorized(client: Client, user: User, *, scopes: Sequence[str] = ALL, verifier: str = "", **chosen: Any) -> str:
    """Let a person consent, and return the code that the client is given, with an S256 challenge for a verifier."""
    consent, _ = Consent.objects.get_or_create(
        user=user, client=client, withdrawn_at=None, defaults={"scopes": list(scopes)}
    )
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode() if verifier else ""
    facts = {
        "redirect_uri": CALLBACK,
        "code_challenge": challenge,
        "not_before": User.objects.get(pk=user.pk).not_before,
        "client_not_before": client.not_before,
        **chosen,
    }
    return codes.issue(AuthorizationCode(client=client, user=user, consent=consent, scopes=list(scopes), **facts))


def refused(answer: Any) -> str:
    """Return the code of an error response, which is one of the protocol."""
    assert answer.status_code in {400, 401}, answer.content
    found: str = answer.json()["error"]
    return found
