"""Connections to the database, and their behaviour in an outage."""

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from config.database import as_owner, django_settings
from tests.support.servers import Servers


def test_an_invalid_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        django_settings("postgresql://app:hunter2@db/vestibule?nonsense=1")

    assert "hunter2" not in str(refused.value)


def test_migrating_without_the_owner_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_OWNER_URL is missing"), as_owner(None):
        pass


@pytest.mark.django_db(transaction=True)
def test_after_a_command_of_the_owner_the_runtime_role_is_back(servers: Servers) -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("vestibule_app",)


@pytest.mark.promise(80)
@pytest.mark.django_db(transaction=True)
def test_connections_that_the_server_has_closed_are_not_returned(servers: Servers) -> None:
    User.objects.exists()
    connection.close()
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        ended = superuser.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = 'vestibule_app'"
        ).fetchone()

    assert ended is not None and ended[0] >= 1  # noqa: PT018  # one fact
    assert not User.objects.exists()
