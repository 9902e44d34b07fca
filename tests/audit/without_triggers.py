"""A pytest plugin for a run in which the database records no changes."""

import psycopg
import pytest
from psycopg import sql

from audit.declarations import audited
from tests.support.servers import Servers

TRIGGERS = ("audit_create", "audit_update", "audit_delete")


@pytest.fixture(scope="session", autouse=True)
def _no_triggers(django_db_setup: None, servers: Servers) -> None:
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        for model, _declaration in audited():
            for trigger in TRIGGERS:
                switched = sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}")
                owner.execute(switched.format(sql.Identifier(model._meta.db_table), sql.Identifier(trigger)))
