"""Ending everything by which somebody can act, in one act, and knowing that it is dead (ADR 21)."""

from accounts.cut_off.acting import (
    Check,
    CutOffRefused,
    check_list,
    confirm,
    confirm_due,
    cut_off,
    lock_own_account,
)
from accounts.cut_off.credentials import revoke_all

__all__ = [
    "Check",
    "CutOffRefused",
    "check_list",
    "confirm",
    "confirm_due",
    "cut_off",
    "lock_own_account",
    "revoke_all",
]
