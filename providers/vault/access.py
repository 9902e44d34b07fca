"""Getting a person's access token for a provider, refreshed in time by exactly one of all concurrent callers.

A caller that finds a token about to expire claims the row for some seconds and calls the provider (``refreshing``). The
others use the token while it is valid, and otherwise wait for the new one.
"""

import time

from accounts.models import Session, User
from foundation.rows import release_connection
from providers.vault.refreshing import refresh_tokens
from providers.vault.rows import SignInAgain, VaultUnavailable, claim, mark_dead, opened, read
from providers.vault.storage import ACCESS, REFRESH

WAIT = 6.0  # seconds for which others wait for a new token if the old one has expired
LOOK_EVERY = 0.05  # seconds


def get_token(user: User, provider: str, *, in_session: Session | None = None) -> str:
    """Return a person's access token for a provider, refreshed if it is about to expire.

    With ``in_session``, prefer the token of the session at the provider that this session follows. Otherwise the newest
    is returned.

    Raises NothingStored, SignInAgain, VaultUnavailable. Call this outside of a transaction: it may wait for the
    provider.
    """
    deadline = time.monotonic() + WAIT
    while True:
        row = read(user, provider, in_session=in_session)
        if row.is_dead:
            raise SignInAgain(provider)
        if not row.is_near_its_end:
            return opened(row, row.access, ACCESS)
        if not row.refresh:
            if row.is_expired:
                mark_dead(row, "no_refresh_token")
                raise SignInAgain(provider)
            return opened(row, row.access, ACCESS)
        if not row.is_resting and not row.is_claimed:
            refresh = opened(row, row.refresh, REFRESH)  # before the claim: without the key, leave it to others
            if claim(row):
                return refresh_tokens(row, refresh)
        if not row.is_expired:
            return opened(row, row.access, ACCESS)
        if row.is_resting or time.monotonic() >= deadline:
            raise VaultUnavailable(provider)
        release_connection()
        time.sleep(LOOK_EVERY)
