"""Invitations: an inviter offers an e-mail address a membership in a tenant, in a role.

The link is mailed to one address, and only an account that has verified this address may accept it: a link that was
forwarded, stolen or guessed admits nobody else. It contains its tenant, so it is worthless in any other.

The inviter is checked when the invitation is sent, and again when it is accepted: it must be an active account that may
invite there and has everything that the role has. A superuser may invite to every role, while still a superuser.
An invitation is void if its inviter's account was erased, or was deactivated or cut off after sending it, because an
intruder may have sent it. Another administrator who sends it again becomes its inviter.
"""

from accounts.organizations.invitations.accepting import Welcome, accept, load
from accounts.organizations.invitations.refusing import (
    REFUSED,
    InvitationRefusalReason,
    InvitationRefused,
    record_refusal,
)
from accounts.organizations.invitations.sending import Link, check_inviter, invite, resend, revoke

__all__ = [
    "REFUSED",
    "InvitationRefusalReason",
    "InvitationRefused",
    "Link",
    "Welcome",
    "accept",
    "check_inviter",
    "invite",
    "load",
    "record_refusal",
    "resend",
    "revoke",
]
