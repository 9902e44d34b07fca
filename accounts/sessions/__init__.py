"""Who is signed in, in which browser: opening, reading and ending sessions (ADR 19).

Django asks the engine, ``settings.SESSION_ENGINE``, for ``SessionStore``.
"""

from accounts.sessions.ending import Because, end, end_early, end_of, end_others
from accounts.sessions.following import Upstream
from accounts.sessions.proof import Proof
from accounts.sessions.store import FactorAddedMeanwhile, SessionStore, forget_sign_in

__all__ = [
    "Because",
    "FactorAddedMeanwhile",
    "Proof",
    "SessionStore",
    "Upstream",
    "end",
    "end_early",
    "end_of",
    "end_others",
    "forget_sign_in",
]
