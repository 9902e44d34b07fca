"""What of the accounts expires."""

from datetime import timedelta

from accounts.models import Invitation, MailedCode, MailedLink, Session, UpstreamEnd, UsedProof
from accounts.sessions.lifetime import longest
from audit.events import Event
from jobs.purging.registry import Purgeable, register

register(
    Purgeable(model=Session, column="expire_date", event=Event.SESSION_PURGED, longest=longest),
    Purgeable(model=UpstreamEnd, column="expires_at", event=Event.LOGOUT_TOKEN_PURGED),
    Purgeable(model=MailedCode, column="expires_at", event=Event.MAILED_CODE_PURGED),
    Purgeable(model=MailedLink, column="expires_at", event=Event.MAILED_LINK_PURGED),
    Purgeable(model=UsedProof, column="expires_at", event=Event.USED_PROOF_PURGED),
    Purgeable(
        model=Invitation,
        column="expires_at",
        event=Event.INVITATION_PURGED,
        kept_for=timedelta(days=30),
        of_tenants=True,
    ),
)
