"""A migration operation that adds an index to a table in use and can be repeated after a failure."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState
from django.db.models import Model

from foundation.lock_timeout import run_with_lock_timeout

BUILT = "SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = to_regclass(%s)"
PARTITIONS = """
    SELECT c.relname, x.indexrelid IS NOT NULL
    FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
    LEFT JOIN (pg_inherits of_index JOIN pg_index x ON x.indexrelid = of_index.inhrelid)
        ON of_index.inhparent = to_regclass(%s) AND x.indrelid = c.oid
    WHERE p.oid = to_regclass(%s) AND p.relkind = 'p' ORDER BY c.relname
"""


class AddLiveIndex(AddIndexConcurrently):
    """Add an index with CREATE INDEX CONCURRENTLY, which does not block writes; repeating it is safe.

    The migration needs ``atomic = False``. So a migration that failed half-way may already have created some of its
    indexes, and a failed CREATE leaves an invalid one. Valid indexes are kept, invalid ones are dropped and created
    again. PostgreSQL cannot do this on a partitioned table: here each partition gets an index concurrently, and these
    are then attached to an index of the whole table.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_built(self.index.name, schema_editor):
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        with schema_editor.connection.cursor() as cursor:
            table = schema_editor.quote_name(model._meta.db_table)
            cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", [table])
            (is_partitioned,) = cursor.fetchone()
        if is_partitioned:
            self._ensure_not_in_transaction(schema_editor)
            self._on_each_partition(model, schema_editor)
        else:
            _drop_broken(self.index.name, schema_editor)
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        name = schema_editor.quote_name(self.index.name)
        run_with_lock_timeout(schema_editor.connection, [f"DROP INDEX IF EXISTS {name}"])

    def _on_each_partition(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> None:
        quote, connection = schema_editor.quote_name, schema_editor.connection
        name, table = quote(self.index.name), quote(model._meta.db_table)
        create = str(self.index.create_sql(model, schema_editor))
        whole = create.replace(f"INDEX {name} ON {table}", f"INDEX IF NOT EXISTS {name} ON ONLY {table}", 1)
        run_with_lock_timeout(connection, [whole])
        with connection.cursor() as cursor:
            cursor.execute(PARTITIONS, [name, table])
            missing = [partition for partition, has_one in cursor.fetchall() if not has_one]
        for partition in missing:
            part = f"{partition}_{self.index.name.removeprefix(model._meta.db_table + '_')}"
            _drop_broken(part, schema_editor)
            if not _is_built(part, schema_editor):
                head = f"INDEX CONCURRENTLY {quote(part)} ON {quote(partition)}"
                schema_editor.execute(create.replace(f"INDEX {name} ON {table}", head, 1), params=None)
            run_with_lock_timeout(connection, [f"ALTER INDEX {name} ATTACH PARTITION {quote(part)}"])


def _is_built(name: str, schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return _found(name, schema_editor) == (True,)


def _drop_broken(name: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if _found(name, schema_editor) == (False,):
        schema_editor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(name)}", params=None)


def _found(name: str, schema_editor: BaseDatabaseSchemaEditor) -> object:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(BUILT, [schema_editor.quote_name(name)])
        return cursor.fetchone()
