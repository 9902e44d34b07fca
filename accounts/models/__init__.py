"""The tables of the accounts, a module for each idea."""

from accounts.models.identity import Identity
from accounts.models.mailed_link import MailedLink, Purpose
from accounts.models.session import Session
from accounts.models.user import User

__all__ = ["Identity", "MailedLink", "Purpose", "Session", "User"]
