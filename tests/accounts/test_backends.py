"""The local door: who is found, and that a wrong name takes as long as a wrong password."""

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


def unheard_of() -> str:
    """A name that no other test has tried: the brake remembers names for longer than a test lasts."""
    return f"nobody-{uuid4()}"


def seconds_for(name: str) -> float:
    """The middle of several tries of a wrong password, in seconds of this process: a busy machine must not matter."""
    took = []
    for _ in range(5):
        started_at = time.process_time()
        assert authenticate(None, username=name, password="not that one") is None
        took.append(time.process_time() - started_at)
    return statistics.median(took)


@pytest.mark.usefixtures("real_hashes")
def test_a_hash_costs_as_much_as_django_says() -> None:
    costs = [(each.time_cost, each.memory_cost, each.parallelism) for each in (BoundedArgon2, Argon2PasswordHasher)]
    hashed = identify_hasher(made := make_password(PASSWORD)).decode(made)

    assert costs[0] == costs[1] == (hashed["time_cost"], hashed["memory_cost"], hashed["parallelism"])


@pytest.mark.slow
@pytest.mark.usefixtures("real_hashes")
@pytest.mark.promise(44)
def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password() -> None:
    named, address = unheard_of(), f"{unheard_of()}@example.com"
    User.objects.create_user(username=named, password=PASSWORD)
    User.objects.create_user(email=address, email_verified=True)
    nobody, free = unheard_of(), f"{unheard_of()}@example.com"
    known, *others = [seconds_for(name) for name in (named, nobody, address, free)]

    assert all(0.5 < other / known < 2 for other in others)


@pytest.mark.promise(44)
def test_a_local_name_comes_before_an_address_that_looks_the_same() -> None:
    named = User.objects.create_user(username="ada@example.com", password=PASSWORD)
    User.objects.create_user(email="ada@example.com", email_verified=True, password=PASSWORD)

    assert authenticate(None, username="ada@example.com", password=PASSWORD) == named


@pytest.mark.parametrize("name", ["", "\0", unheard_of()], ids=["empty", "NUL", "nobody"])
@pytest.mark.promise(44)
def test_nobody_is_found_by_nothing(name: str) -> None:
    User.objects.create_user(password=PASSWORD)

    assert authenticate(None, username=name, password=PASSWORD) is None
