"""Hashes of passwords that cost next to nothing, but for tests whose subject is what a hash costs."""

import pytest

from accounts.sign_in.local.hashing import BoundedArgon2

LEAST = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}  # that Argon2 takes (RFC 9106, section 3.1)


def make_cheap() -> None:
    """Let the product's hasher use the least parameters in this process, instead of those that it inherits."""
    for name, value in LEAST.items():
        setattr(BoundedArgon2, name, value)


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as in production."""
    for name in LEAST:
        monkeypatch.delattr(BoundedArgon2, name)
