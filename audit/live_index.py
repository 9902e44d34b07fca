"""A migration operation that puts an index on a table in use, and can be run again after it failed."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

BUILT = "SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = to_regclass(%s)"


class AddLiveIndex(AddIndexConcurrently):
    """CREATE INDEX CONCURRENTLY keeps nobody from writing; one that fails leaves an index that nothing may use.

    Without a transaction around it, a migration that fails half-way has made some of its indexes already: those
    are left as they are, broken ones are made anew. Its migration needs ``atomic = False``.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        name = schema_editor.quote_name(self.index.name)
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(BUILT, [name])
            found = cursor.fetchone()
        if found == (True,):
            return
        if found == (False,):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {name}", params=None)
        super().database_forwards(app_label, schema_editor, from_state, to_state)
