"""Sessions: opening, reading, revoking and deleting them (ADR 19).

``settings.SESSION_ENGINE`` names this package; Django imports ``SessionStore`` from it.
"""

from accounts.sessions.authentication_event import AuthenticationEvent
from accounts.sessions.revocation import SessionRevocationReason, delete, revoke, revoke_all_sessions, revoke_others
from accounts.sessions.store import FactorAddedMeanwhile, SessionStore, forget_sign_in
from accounts.sessions.upstream_tracking import UpstreamSession

__all__ = [
    "AuthenticationEvent",
    "FactorAddedMeanwhile",
    "SessionRevocationReason",
    "SessionStore",
    "UpstreamSession",
    "delete",
    "forget_sign_in",
    "revoke",
    "revoke_all_sessions",
    "revoke_others",
]
