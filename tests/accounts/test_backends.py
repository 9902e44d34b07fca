"""The authentication backend: whom it finds, and that an unknown name takes as long as a wrong password."""

import statistics
import time
from uuid import uuid4

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher, make_password

from accounts.models import User
from accounts.sign_in.local.hashing import BoundedArgon2

pytestmark = pytest.mark.django_db

PASSWORD = "teapot gravel umbrella"


def unused_name() -> str:
    """Return a name that no other test has tried: the throttle remembers names for longer than a test takes."""
    return f"nobody-{uuid4()}"


def seconds_for(name: str) -> float:
    """Return the median time of several wrong passwords, in seconds of CPU time, so that the load does not matter."""
    took = []
    for _ in range(5):
        started_at = time.process_time()
        assert authenticate(None, username=name, password="not that one") is None
        took.append(time.process_time() - started_at)
    return statistics.median(took)


@pytest.mark.usefixtures("real_hashes")
def test_hashes_cost_what_django_defines() -> None:
    costs = [(each.time_cost, each.memory_cost, each.parallelism) for each in (BoundedArgon2, Argon2PasswordHasher)]
    hashed = identify_hasher(made := make_password(PASSWORD)).decode(made)

    assert costs[0] == costs[1] == (hashed["time_cost"], hashed["memory_cost"], hashed["parallelism"])


@pytest.mark.slow
@pytest.mark.usefixtures("real_hashes")
@pytest.mark.promise(44)
def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    named, address = unused_name(), f"{unused_name()}@example.com"
    User.objects.create_user(username=named, password=PASSWORD)
    User.objects.create_user(email=address, email_verified=True)
    nobody, free = unused_name(), f"{unused_name()}@example.com"
    known, *others = [seconds_for(name) for name in (named, nobody, address, free)]

    assert all(0.5 < other / known < 2 for other in others)


@pytest.mark.promise(44)
def test_a_username_takes_precedence_over_an_equal_address() -> None:
    named = User.objects.create_user(username="ada@example.com", password=PASSWORD)
    User.objects.create_user(email="ada@example.com", email_verified=True, password=PASSWORD)

    assert authenticate(None, username="ada@example.com", password=PASSWORD) == named


@pytest.mark.parametrize("name", ["", "\0", unused_name()], ids=["empty", "NUL", "nobody"])
@pytest.mark.promise(44)
def test_an_empty_or_unknown_name_finds_nobody(name: str) -> None:
    User.objects.create_user(password=PASSWORD)

    assert authenticate(None, username=name, password=PASSWORD) is None
