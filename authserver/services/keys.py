"""Reading API keys: one statement answers whether a key works now, whose it is, and what it may do."""

from accounts.models import User
from authserver.models import ApiKey, ServiceAccount
from authserver.scopes import ACCOUNT_READ, ACCOUNT_WRITE, EMAIL, PROFILE
from authserver.services import key_text
from authserver.services.holders import CredentialHolder
from foundation.rows import Rows, fetch_prepared

KEY, SERVICE, PERSON = Rows(ApiKey, "(f.key)"), Rows(ServiceAccount, "(f.service)"), Rows(User, "(f.person)")
OWN = [PROFILE, EMAIL, ACCOUNT_READ, ACCOUNT_WRITE]  # scopes that need no role: they are about the person alone
READ = "SELECT f.refusal, f.scopes, {columns} FROM public.api_key_enter(%s, %s, %s, %s) f"


class ApiKeyRefused(Exception):
    """The key does not work. ``reason`` is for the trail and the log; whoever sent the key does not learn it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(text: str, *, is_use: bool = True) -> CredentialHolder:
    """Return who holds a key, in any context. Raises ApiKeyRefused.

    Everything is decided by one statement, when it is used: the key is neither expired nor revoked, its person or its
    service's owner has an active account and belongs to the tenant, nothing of them was cut off since, and the service
    is active. A use is noted, at most once a minute.
    """
    stored = key_text.read(text)
    if stored is None:
        raise ApiKeyRefused("key_malformed")
    columns = f"{KEY.columns}, {SERVICE.columns}, {PERSON.columns}"
    row = fetch_prepared(READ.format(columns=columns), [stored.public_id, stored.digest, OWN, is_use])
    if row is None:
        raise ApiKeyRefused("key_unknown")
    refusal, scopes, rest = row[0], row[1], row[2:]
    if refusal is not None:
        raise ApiKeyRefused(refusal)
    key, rest = KEY.read(rest), rest[len(KEY.names) :]
    service, rest = SERVICE.read(rest) if key.service_id else None, rest[len(SERVICE.names) :]
    return CredentialHolder(
        person=PERSON.read(rest), service=service, tenant_id=key.tenant_id, scopes=frozenset(scopes), key_id=key.pk
    )
