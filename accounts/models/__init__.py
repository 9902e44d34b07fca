"""The tables of the accounts, a module for each idea."""

from accounts.models.bulk_action import BulkAction, BulkState
from accounts.models.identity import Identity
from accounts.models.session import Session
from accounts.models.tenant import Membership, Role, Tenant
from accounts.models.user import User

__all__ = ["BulkAction", "BulkState", "Identity", "Membership", "Role", "Session", "Tenant", "User"]
