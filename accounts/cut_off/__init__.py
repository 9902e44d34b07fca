"""Revoke all credentials of a person in one act, and confirm that none still works (ADR 21)."""

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
