"""Ending everything by which somebody can act, in one act, and knowing that it is dead (ADR 21)."""

from accounts.cut_off.acting import Check, CutOffRefused, check_list, confirm, confirm_due, cut_off
from accounts.cut_off.credentials import Credentials, Ended, end_all, register

__all__ = [
    "Check",
    "Credentials",
    "CutOffRefused",
    "Ended",
    "check_list",
    "confirm",
    "confirm_due",
    "cut_off",
    "end_all",
    "register",
]
