"""The vault: tokens of the providers, for code of ours that asks a provider on behalf of a person (ADR 20)."""

from providers.vault.access import get_token
from providers.vault.rows import NothingKept, SignInAgain, TokenUnavailable, TryLater, UnreadableHere
from providers.vault.storage import Kept, held, id_token, keep, over, take_out

__all__ = [
    "Kept",
    "NothingKept",
    "SignInAgain",
    "TokenUnavailable",
    "TryLater",
    "UnreadableHere",
    "get_token",
    "held",
    "id_token",
    "keep",
    "over",
    "take_out",
]
