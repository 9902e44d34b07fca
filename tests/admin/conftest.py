"""Two towns' worth of data, so that nothing of one is found where the other's administrators work; and who sees all."""

import pytest
from django.test import Client

from accounts.models import User
from tests.proven import proven
from tests.tenancy.conftest import town

__all__ = ["town"]


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser(username="root", name="Root")


@pytest.fixture
def administrator(root: User) -> Client:
    return proven(root)
