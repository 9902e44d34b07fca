"""Removes the rows that a committing test leaves behind. Only tables with rows are touched.

Django's flush truncates every table and restores the rows of the migrations, which takes half a second each time. Here
few rows are deleted, with foreign keys disabled: truncating a table also creates files for all tables that refer to it.
"""

import atexit
from functools import cache

import psycopg

FEW = 400_000  # bytes, dead rows included: larger tables are truncated
FROM_MIGRATIONS = ("django_content_type", "auth_permission", "accounts_role", "accounts_role_permissions")
KEEP = """
    CREATE SCHEMA IF NOT EXISTS kept;
    CREATE TABLE IF NOT EXISTS kept.{table} AS TABLE public.{table};
"""
# The trail comes last, because restoring rows also writes entries.
EMPTY = """
    CREATE OR REPLACE PROCEDURE kept.empty() LANGUAGE plpgsql AS $$
    DECLARE
        given text[] := '{FROM_MIGRATIONS}';
        found regclass;
        is_trail boolean;
        has_rows boolean;
        filled text[];
        changed text[] := '{}';
    BEGIN
        PERFORM set_config('session_replication_role', 'replica', true);
        FOREACH is_trail IN ARRAY ARRAY[false, true] LOOP
            filled := '{}';
            FOR found IN
                SELECT c.oid::regclass FROM pg_class c
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
                    AND c.relname <> ALL (given || 'django_migrations'::text)
                    AND (c.relname LIKE 'audit\\_%') = is_trail AND pg_relation_size(c.oid) > 0
            LOOP
                EXECUTE format('SELECT EXISTS (SELECT FROM %s)', found) INTO has_rows;
                IF has_rows AND NOT is_trail AND pg_relation_size(found) < FEW THEN
                    EXECUTE format('DELETE FROM %s', found);
                ELSIF has_rows THEN
                    filled := filled || found::text;
                END IF;
            END LOOP;
            IF filled <> '{}' THEN
                EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
            END IF;
            IF NOT is_trail THEN
                FOR i IN 1..cardinality(given) LOOP
                    EXECUTE format(
                        'SELECT EXISTS (TABLE public.%1$I EXCEPT TABLE kept.%1$I)
                            OR (SELECT count(*) FROM public.%1$I) <> (SELECT count(*) FROM kept.%1$I)', given[i]
                    ) INTO has_rows;
                    IF has_rows THEN
                        changed := changed || given[i];
                    END IF;
                END LOOP;
                IF changed <> '{}' THEN
                    EXECUTE 'TRUNCATE ' || array_to_string(given, ', ') || ' CASCADE';
                    FOR i IN 1..cardinality(given) LOOP
                        EXECUTE format('INSERT INTO public.%1$I TABLE kept.%1$I', given[i]);
                    END LOOP;
                END IF;
            END IF;
        END LOOP;
        PERFORM public.audit_make_months(2);
    END $$
"""


def keep(superuser_url: str) -> None:
    """Remember the rows that the migrations created."""
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        for table in FROM_MIGRATIONS:
            superuser.execute(KEEP.format(table=table))
        superuser.execute(EMPTY.replace("FROM_MIGRATIONS", ",".join(FROM_MIGRATIONS)).replace("FEW", str(FEW)))


def empty(superuser_url: str) -> None:
    """Remove all rows except those of the migrations."""
    try:
        _superuser(superuser_url).execute("CALL kept.empty()")
    except psycopg.OperationalError:  # the test has terminated connections, or the server
        _superuser.cache_clear()
        _superuser(superuser_url).execute("CALL kept.empty()")


@cache
def _superuser(url: str) -> psycopg.Connection:
    """Return a connection that stays open: a new one has to load the catalog and plan, which takes as long again."""
    superuser = psycopg.connect(url, autocommit=True)
    atexit.register(superuser.close)
    return superuser
