"""The tables of the accounts whose rows expire."""

from datetime import timedelta

from accounts.sessions.lifetime import longest
from audit.events import Event
from foundation.declarations import Purgeable

DECLARATIONS = [
    Purgeable("accounts.Session", column="expire_date", event=Event.SESSION_PURGED, longest=longest),
    Purgeable("accounts.UpstreamLogout", column="expires_at", event=Event.LOGOUT_TOKEN_PURGED),
    Purgeable("accounts.MailedCode", column="expires_at", event=Event.MAILED_CODE_PURGED),
    Purgeable("accounts.MailedLink", column="expires_at", event=Event.MAILED_LINK_PURGED),
    Purgeable("accounts.UsedProof", column="expires_at", event=Event.USED_PROOF_PURGED),
    Purgeable("accounts.Invitation", column="expires_at", event=Event.INVITATION_PURGED, kept_for=timedelta(days=30)),
]
