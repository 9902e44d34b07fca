"""Users: what the database enforces."""

import pytest
from django.db import IntegrityError, connection

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_a_verified_address_is_reserved_in_any_letter_case() -> None:
    User.objects.create_user(email="Ada@Example.com", email_verified=True)

    with pytest.raises(IntegrityError, match="user_verified_email_unique"):
        User.objects.create_user(email="ada@example.COM", email_verified=True)


def test_an_unverified_address_reserves_nothing() -> None:
    for _ in range(2):
        User.objects.create_user(email="ada@example.com", email_verified=False)
    User.objects.create_user(email="ada@example.com", email_verified=True)

    assert User.objects.filter(email="ada@example.com").count() == 3


def test_tests_run_as_a_role_that_owns_nothing_and_cannot_bypass_row_level_security() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        (is_mighty,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        (owned,) = cursor.fetchone()

    assert (is_mighty, owned) == (False, 0)
