"""What a machine refuses is said in one line, with the way out."""

import errno
import os
from pathlib import Path

import pytest

from config import disk_errors


@pytest.mark.parametrize(
    ("number", "named", "said"),
    [
        (errno.ENOSPC, None, "the disk is full at here: free some space there"),
        (errno.EDQUOT, "/var/lib", "the disk is full at /var/lib: free some space there"),
        (errno.EACCES, "/var/lib", "/var/lib cannot be used (Permission denied): give this user the right"),
        (errno.EROFS, None, "here cannot be used (Read-only file system): give this user the right"),
        (errno.EIO, "/var/lib", "/var/lib: Input/output error"),
    ],
)
def test_a_failed_call_is_told_by_its_place_and_what_helps(number: int, named: str | None, said: str) -> None:
    assert disk_errors.sentence(OSError(number, os.strerror(number), named), "here").startswith(said)


def test_what_another_program_said_is_searched_for_what_is_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert disk_errors.found_in("initdb: error: No space left on device", tmp_path) == disk_errors.sentence(
        OSError(errno.ENOSPC, ""), tmp_path
    )
    assert "Read-only file system" in (disk_errors.found_in("mkdir: Read-only file system", tmp_path) or "")
    assert disk_errors.found_in("a syntax error", tmp_path) is None
    monkeypatch.setattr(disk_errors, "LITTLE", float("inf"))
    assert "the disk is full" in (disk_errors.found_in("it did not say why", tmp_path) or "")
