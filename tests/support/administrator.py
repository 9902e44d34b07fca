"""Fixtures for a superuser and their browser, which a conftest or a module imports by name."""

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
