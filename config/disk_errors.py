"""What a machine refuses, such as a full disk or a folder that cannot be written, in one line with the way out."""

import errno
import os
import shutil
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
LITTLE = 4_000_000  # bytes free where another program failed: it need not say why
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def sentence(failed: OSError, where: object) -> str:
    """Describe a failed system call. ``where`` is named when the error itself names no path."""
    path = failed.filename or where
    if failed.errno in FULL:
        return _full(path)
    if failed.errno in CLOSED:
        return _closed(path, failed.strerror or "")
    return f"{path}: {failed.strerror or failed}"


def found_in(said: str, where: Path) -> str | None:
    """Find an obstacle that is the machine's alone in what another program said (in English), and describe it."""
    if any(os.strerror(number) in said for number in FULL) or shutil.disk_usage(where).free < LITTLE:
        return _full(where)
    read_only = os.strerror(errno.EROFS)
    return _closed(where, read_only) if read_only in said else None


def _full(path: object) -> str:
    return f"the disk is full at {path}: free some space there, then try again"


def _closed(path: object, reason: str) -> str:
    return f"{path} cannot be used ({reason}): give this user the right to write there, or use a checkout elsewhere"
