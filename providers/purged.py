"""What of the providers' tables expires."""

from accounts.purging.registry import Purgeable, register
from audit.events import Event
from providers.models import HeardLogout, Leaving, RefusedIdentity

register(
    Purgeable(model=Leaving, column="expires_at", event=Event.UPSTREAM_PURGED),
    Purgeable(model=HeardLogout, column="expires_at", event=Event.SIGN_OUT_PURGED),
    Purgeable(model=RefusedIdentity, column="expires_at", event=Event.IDENTITY_PURGED),
)
