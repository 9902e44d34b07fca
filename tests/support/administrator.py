"""Somebody who may do everything, and their browser: fixtures that a conftest or a module takes over by name."""

import pytest
from django.test import Client

from accounts.models import User
from tests.support.proven import proven


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser(username="root", name="Root")


@pytest.fixture
def administrator(root: User) -> Client:
    return proven(root)
