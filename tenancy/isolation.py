"""Migration operations that put a table under PostgreSQL's row-level security, also for the table's owner.

``nullif`` is needed because from a connection's second transaction on an unset setting is empty, not null. The
sub-selects make PostgreSQL read a setting once per query instead of once per row. The comparison for the site's scope
is inside the sub-select: outside, the planner would estimate that it holds for almost no row, and plan for that.
"""

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
PERSON = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"
IS_SITE = "(SELECT current_setting('app.scope', true) = 'site')"
ISOLATED = "SELECT 1 FROM pg_policy WHERE polrelid = to_regclass(%s) AND polname LIKE '%%_isolation'"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A row-level security policy: which rows a command may read and write. ``narrows`` makes it restrictive."""

    name: str
    using: str
    command: str = "ALL"
    narrows: bool = False

    def sql(self, table: str) -> str:
        kind = "RESTRICTIVE" if self.narrows else "PERMISSIVE"
        clause = "WITH CHECK" if self.command == "INSERT" else "USING"
        return f"CREATE POLICY {self.name} ON {table} AS {kind} FOR {self.command} {clause} ({self.using})"


SITE = Policy(name="site", using=IS_SITE)


class AddPolicies(Operation):
    """Add policies to a table and enable row-level security on it, if it is not enabled yet.

    ``many_to_many`` names a field, whose automatic table is then meant instead of the model's own.
    """

    category = OperationCategory.SQL
    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, *policies: Policy, many_to_many: str = "") -> None:
        self.model_name, self.policies, self.many_to_many = model_name, policies, many_to_many

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self._table(app_label, schema_editor, to_state)
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", params=None)
        for policy in self.policies:
            schema_editor.execute(policy.sql(table), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop the policies and leave row-level security enabled: no row is visible until another policy allows it."""
        table = self._table(app_label, schema_editor, from_state)
        for policy in self.policies:
            schema_editor.execute(f"DROP POLICY {policy.name} ON {table}", params=None)

    def describe(self) -> str:
        return f"Guard the rows of {self.model_name}{self.many_to_many and f'.{self.many_to_many}'}"

    def _table(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState) -> str:
        model: Any = state.apps.get_model(app_label, self.model_name)
        if self.many_to_many:
            model = model._meta.get_field(self.many_to_many).remote_field.through
        return schema_editor.quote_name(model._meta.db_table)


class OwnedTwice(Exception):
    """A table cannot be isolated for tenants and for people: a row would be visible to either of them."""


class _Isolation(AddPolicies):
    """Show the rows of one owner, whose id is in ``column``. In the whole site's scope all rows are visible."""

    policy_name: str
    owner: str

    def __init__(self, model_name: str, *, column: str) -> None:
        self.column = column
        own = Policy(name=self.policy_name, using=f"{column} = {self.owner}")
        super().__init__(model_name, own, SITE)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self._table(app_label, schema_editor, to_state)
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(ISOLATED, [table])
            if cursor.fetchone():
                raise OwnedTwice(f"{table} is isolated already: its rows have one kind of owner (docs/tenancy.md).")
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class EnableTenantIsolation(_Isolation):
    """Isolate a table whose rows belong to tenants: a tenant's context reads and writes its own rows only."""

    policy_name, owner = "tenant_isolation", TENANT

    def __init__(self, model_name: str, *, column: str = "tenant_id") -> None:
        super().__init__(model_name, column=column)


class EnableOwnerIsolation(_Isolation):
    """Isolate a table whose rows belong to people.

    A table has one kind of owner, because with two policies either one would make a row visible.
    """

    policy_name, owner = "owner_isolation", PERSON

    def __init__(self, model_name: str, *, column: str = "user_id") -> None:
        super().__init__(model_name, column=column)
