"""The models of the accounts."""

from accounts.models.bulk_action import BulkAction, BulkState
from accounts.models.claim_rule import ClaimRule
from accounts.models.cut_off import CutOff
from accounts.models.domain import Domain, DomainFinding, DomainState
from accounts.models.identity import Identity
from accounts.models.invitation import Invitation, InvitationState
from accounts.models.mailed_code import MailedCode
from accounts.models.mailed_link import MailedLink, Purpose
from accounts.models.session import Session
from accounts.models.tenant import Membership, Role, Tenant
from accounts.models.upstream_logout import UpstreamLogout
from accounts.models.used_proof import UsedProof
from accounts.models.user import User

__all__ = [
    "BulkAction",
    "BulkState",
    "ClaimRule",
    "CutOff",
    "Domain",
    "DomainFinding",
    "DomainState",
    "Identity",
    "Invitation",
    "InvitationState",
    "MailedCode",
    "MailedLink",
    "Membership",
    "Purpose",
    "Role",
    "Session",
    "Tenant",
    "UpstreamLogout",
    "UsedProof",
    "User",
]
