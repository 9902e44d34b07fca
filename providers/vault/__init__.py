"""The vault: tokens of providers, for our code that calls a provider on behalf of a person (ADR 20)."""

from providers.vault.access import get_token
from providers.vault.rows import KeyUnavailable, NothingStored, SignInAgain, TokenUnavailable, VaultUnavailable
from providers.vault.storage import StoredTokens, count, expired, id_token, pop, store

__all__ = [
    "KeyUnavailable",
    "NothingStored",
    "SignInAgain",
    "StoredTokens",
    "TokenUnavailable",
    "VaultUnavailable",
    "count",
    "expired",
    "get_token",
    "id_token",
    "pop",
    "store",
]
