"""Faults of the back-channel logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""

import time
from collections.abc import Callable

from sandbox.drafts import Draft, hs256, unsigned
from sandbox.faults.kinds import Fault, Lie, Outcome, Stage
from sandbox.keys import attackers_key
from sandbox.providers import Provider


def _fault(key: str, says: str, bend: Callable[[Draft], None]) -> Fault:
    effects = (Lie(bend),)
    return Fault(key, says, Stage.LOGOUT, Outcome.REFUSED, effects, (Provider.KEYCLOAK,))


def _set(name: str, value: object) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.claims[name] = value

    return bend


def _drop(*names: str) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        for name in names:
            draft.claims.pop(name, None)

    return bend


def _unsigned(draft: Draft) -> None:
    draft.headers["alg"] = "none"
    draft.signer = unsigned


def _forged(draft: Draft) -> None:
    draft.signer = attackers_key().sign


def _symmetric(draft: Draft) -> None:
    draft.headers["alg"] = "HS256"
    draft.signer = hs256(draft.scene.client.secret.encode())


def _expired(draft: Draft) -> None:
    now = int(time.time())
    draft.claims |= {"iat": now - 600, "exp": now - 480}


FAULTS: tuple[Fault, ...] = (
    _fault("logout_alg_none", "The logout token is not signed.", _unsigned),
    _fault("logout_forged", "The logout token is signed with a foreign key.", _forged),
    _fault("logout_hs256", "The logout token is signed with the client secret.", _symmetric),
    _fault("logout_iss", "iss is another issuer.", _set("iss", "https://issuer.example")),
    _fault("logout_aud", "aud is another client.", _set("aud", "another-client")),
    _fault("logout_nobody", "Neither sub nor sid.", _drop("sub", "sid")),
    _fault("logout_nonce", "A nonce, which a logout token must not have.", _set("nonce", "n-1")),
    _fault("logout_no_event", "No events.", _drop("events")),
    _fault("logout_other_event", "Another event.", _set("events", {"http://example.com/x": {}})),
    _fault("logout_no_iat", "No iat.", _drop("iat")),
    _fault("logout_expired", "Expired eight minutes ago.", _expired),
)
