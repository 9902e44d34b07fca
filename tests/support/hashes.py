"""Cheap password hashes, except in tests about the cost of a hash."""

import pytest

from accounts.sign_in.local.hashing import BoundedArgon2

LEAST = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}  # that Argon2 allows (RFC 9106, section 3.1)


def make_cheap() -> None:
    """Set the lowest parameters for the product's hasher in this process."""
    for name, value in LEAST.items():
        setattr(BoundedArgon2, name, value)


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as in production."""
    for name in LEAST:
        monkeypatch.delattr(BoundedArgon2, name)
