"""Invitations: how somebody with an address comes into a tenant, on the word of somebody who may let them in.

The link goes to one address, and only an account with that address, verified, may accept it: a link that was
forwarded, stolen or guessed at admits nobody else. It carries its tenant, so it means nothing in another.

The word is looked at when it is given, and again when it is taken: who invites must be an active account that may
invite there, and have all that the role has. A superuser's word is good for every role, while they are one. With
an account that is gone its word is gone, and so is what it said before it was closed or cut off: that may have been
somebody else. Whoever sends the invitation again gives theirs in its place.
"""

from accounts.organizations.invitations.accepting import Welcome, accept, load
from accounts.organizations.invitations.refusing import InvitationRefusalReason, InvitationRefused, record_refusal
from accounts.organizations.invitations.sending import Link, check_inviter, invite, resend, revoke

__all__ = [
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
