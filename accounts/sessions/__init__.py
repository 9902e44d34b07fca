"""Who is signed in, in which browser: opening, reading and ending sessions (ADR 19).

Django asks the engine, ``settings.SESSION_ENGINE``, for ``SessionStore``.
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
