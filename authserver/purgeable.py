"""The tables of the auth server whose rows expire."""

from datetime import timedelta

from authserver import events
from foundation import lifetimes
from foundation.declarations import Purgeable

DECLARATIONS = [
    # A code is remembered as long as its first access token lives: until then its second use revokes what it issued.
    # Later it is refused as unknown, and ends nothing: whoever finds an old log has no power over a grant.
    Purgeable(
        "authserver.AuthorizationCode",
        column="expires_at",
        event=events.CODE_PURGED,
        kept_for=lifetimes.ACCESS_TOKEN,
        longest=lambda: lifetimes.AUTHORIZATION_CODE,
    ),
    Purgeable(
        "authserver.DeviceCode",
        column="expires_at",
        event=events.DEVICE_CODE_PURGED,
        kept_for=lifetimes.ACCESS_TOKEN,
        longest=lambda: lifetimes.DEVICE_CODE,
    ),
    Purgeable(
        "authserver.TokenFamily",
        column="expires_at",
        event=events.FAMILY_PURGED,
        kept_for=timedelta(days=30),
        longest=lambda: lifetimes.REFRESH_FAMILY,
    ),
    # A withdrawn consent is kept longer than all that came of it.
    Purgeable(
        "authserver.Consent",
        column="withdrawn_at",
        event=events.CONSENT_PURGED,
        kept_for=timedelta(days=90),
        longest=timedelta,  # it is never ahead
    ),
    Purgeable(
        "authserver.AccessToken",
        column="expires_at",
        event=events.ACCESS_TOKEN_PURGED,
        longest=lambda: lifetimes.ACCESS_TOKEN,
    ),
    Purgeable(
        "authserver.TokenSigningKey",
        column="removed_at",
        event=events.SIGNING_KEY_PURGED,
        kept_for=lifetimes.KEY_REMEMBERED,
        longest=timedelta,  # it is never ahead
    ),
    Purgeable("authserver.RevokedToken", column="expires_at", event=events.REVOKED_TOKEN_PURGED),
    Purgeable("authserver.ClientSecret", column="expires_at", event=events.SECRET_PURGED, kept_for=timedelta(days=30)),
    Purgeable(
        "authserver.ApiKey",
        column="expires_at",
        event=events.API_KEY_PURGED,
        kept_for=timedelta(days=30),
        longest=lambda: lifetimes.API_KEY_MOST,
    ),
]
