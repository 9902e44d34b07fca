"""Explains a full disk or an unwritable folder in one line, with the remedy."""

import errno
import os
import shutil
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
LITTLE = 4_000_000  # bytes free: with less, another program's failure is put down to the disk
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def sentence(failed: OSError, where: object) -> str:
    """Describe a failed system call. ``where`` is used when the error names no path."""
    path = failed.filename or where
    if failed.errno in FULL:
        return _full(path)
    if failed.errno in CLOSED:
        return _closed(path, failed.strerror or "")
    return f"{path}: {failed.strerror or failed}"


def found_in(said: str, where: Path) -> str | None:
    """Describe a full or read-only disk, if that is why another program failed. ``said`` is its output in English."""
    if any(os.strerror(number) in said for number in FULL) or shutil.disk_usage(where).free < LITTLE:
        return _full(where)
    read_only = os.strerror(errno.EROFS)
    return _closed(where, read_only) if read_only in said else None


def _full(path: object) -> str:
    return f"the disk is full at {path}: free some space there, then try again"


def _closed(path: object, reason: str) -> str:
    return f"{path} cannot be used ({reason}): give this user the right to write there, or use a checkout elsewhere"
