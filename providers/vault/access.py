"""A person's token at a provider, renewed in time: by one caller, however many ask in however many processes.

Who finds a token near its end claims the row for some seconds and asks the provider (``renewing``). The others take
the token while it lives, and else wait for the new one.
"""

import time

from accounts.models import Session, User
from foundation.rows import release_connection
from providers.vault.refreshing import refresh_tokens
from providers.vault.rows import SignInAgain, VaultUnavailable, claim, mark_dead, opened, read
from providers.vault.storage import ACCESS, REFRESH

WAIT = 6.0  # seconds that others wait for a new token where the old one is over
LOOK_EVERY = 0.05  # seconds


def get_token(user: User, provider: str, *, in_session: Session | None = None) -> str:
    """Return a person's access token at a provider, good for a while yet.

    ``in_session`` is the session in which it is asked, where there is one: then the token is of the session at the
    provider that this follows. Else it is of the newest.

    Raises NothingStored, SignInAgain, VaultUnavailable. Call it outside of a transaction: it may wait for the provider.
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
            refresh = opened(row, row.refresh, REFRESH)  # who cannot read it leaves it to those who can
            if claim(row):
                return refresh_tokens(row, refresh)
        if not row.is_expired:
            return opened(row, row.access, ACCESS)
        if row.is_resting or time.monotonic() >= deadline:
            raise VaultUnavailable(provider)
        release_connection()
        time.sleep(LOOK_EVERY)
