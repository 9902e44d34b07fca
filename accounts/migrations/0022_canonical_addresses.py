"""Addresses get their canonical form beside them (ADR 27), on tables in use: every step can be done again.

Old code goes on beside it: a trigger writes the form of the addresses that it writes. Whoever has verified one address
with another account stays apart from them, and an administrator decides; nobody is joined.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django.db.models.functions.comparison
from django.db import migrations, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import accounts.models.email_fields
from foundation.canonical_email import canonical_or_none
from tenancy import site_context
from audit import triggers
from foundation.live_index import AddLiveIndex
from foundation.lock_timeout import patiently

SQL = Path(__file__).parent / "0022"
SLICE = 2000  # rows in one transaction
COLUMNS = (  # table, address, canonical form, key
    ("accounts_user", "email", "canonical_email", "uuid"),
    ("accounts_invitation", "email", "canonical_email", "uuid"),
    ("accounts_mailedlink", "address", "canonical_address", "bigint"),
)
UNIQUE = {
    "user_verified_email_unique":
        "accounts_user (canonical_email, COALESCE(address_dispute, 0)) WHERE email_verified",
    "invitation_undecided_unique":
        "accounts_invitation (tenant_id, canonical_email) WHERE (accepted_at IS NULL AND revoked_at IS NULL)",
}
CHECK = "user_verified_email_canonical"
VERIFIABLE = "NOT email_verified OR email IS NULL OR email = '' OR canonical_email IS NOT NULL"


def prepare(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add the columns, with what keeps them right and keeps them out of the trail, in one moment."""
    functions = (SQL / "functions.sql").read_text().replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    statements = [functions]
    for table, address, canonical, _key in COLUMNS:
        statements.append(f'ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {canonical} varchar(320) COLLATE "C" NULL')
        statements.append(_again((SQL / "table.sql").read_text().format(table=table, address=address, canonical=canonical)))
        statements += triggers.mending(table, using=schema_editor.connection.alias)
    statements.append(
        "ALTER TABLE accounts_user ADD COLUMN IF NOT EXISTS address_dispute smallint NULL CHECK (address_dispute >= 0)"
    )
    statements.append(_again((SQL / "dispute.sql").read_text()))
    patiently(schema_editor.connection, statements)


def unprepare(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    columns = [f"ALTER TABLE {table} DROP COLUMN {canonical} CASCADE" for table, _address, canonical, _key in COLUMNS]
    functions = [
        f"DROP FUNCTION {table}_canonical_{act} CASCADE" for table, *_more in COLUMNS for act in ("given", "kept")
    ]
    functions += [f"DROP FUNCTION accounts_{name} CASCADE" for name in ("leave_dispute", "settle_dispute", "canonical", "folded_address")]
    patiently(schema_editor.connection, [*functions, *columns, "ALTER TABLE accounts_user DROP COLUMN address_dispute"])


def fill(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        for table, address, canonical, key in COLUMNS:
            after = None
            while True:
                with _in_scope(table), transaction.atomic(using=schema_editor.connection.alias):
                    cursor.execute(
                        f"SELECT id, {address} FROM {table} WHERE {address} <> '' AND {canonical} IS NULL "
                        f"AND (%s::{key} IS NULL OR id > %s::{key}) ORDER BY id LIMIT {SLICE}", [after, after],
                    )
                    rows = cursor.fetchall()
                    if not rows:
                        break
                    after = rows[-1][0]
                    known = [(pk, given, form) for pk, given in rows if (form := canonical_or_none(given))]
                    cursor.execute(
                        f"UPDATE {table} t SET {canonical} = k.form "
                        f"FROM unnest(%s::{key}[], %s::text[], %s::text[]) AS k (id, given, form) "
                        f"WHERE t.id = k.id AND t.{address} = k.given",
                        [list(column) for column in zip(*known, strict=True)] or [[], [], []],
                    )


def unverify(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What is no address cannot be verified: it stays as a contact."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET email_verified = false "
            "WHERE email_verified AND email <> '' AND canonical_email IS NULL RETURNING id"
        )
        for (person,) in cursor.fetchall():
            _say(f"The address of account {person} is none by IDNA 2008: it is not verified any more.")


def refuse_unknown(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """From now on nobody verifies an address without its form. The rows of this moment are filled once more after it."""
    patiently(schema_editor.connection, [
        f"ALTER TABLE accounts_user DROP CONSTRAINT IF EXISTS {CHECK}",
        f"ALTER TABLE accounts_user ADD CONSTRAINT {CHECK} CHECK ({VERIFIABLE}) NOT VALID",
    ])


def accept_unknown(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    patiently(schema_editor.connection, [f"ALTER TABLE accounts_user DROP CONSTRAINT IF EXISTS {CHECK}"])


def separate(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Mark accounts that have verified one address, and end what was mailed by it."""
    with transaction.atomic(using=schema_editor.connection.alias), schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT canonical_email, array_agg(id ORDER BY created_at, id) FROM accounts_user "
            "WHERE email_verified AND canonical_email IS NOT NULL GROUP BY canonical_email HAVING count(*) > 1"
        )
        for address, people in cursor.fetchall():
            cursor.execute(
                "UPDATE accounts_user u SET address_dispute = n.number - 1 "
                "FROM unnest(%s::uuid[]) WITH ORDINALITY AS n (id, number) WHERE u.id = n.id", [people],
            )
            cursor.execute("DELETE FROM accounts_mailedlink WHERE user_id = ANY (%s)", [people])
            _say(
                f"The accounts {', '.join(map(str, people))} have all verified {address}. Nobody signs in by it, and "
                "nothing is mailed by it, until an administrator takes it from all but one (filter: address in dispute)."
            )


def replace_invitations(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Of several open invitations of one address into a tenant the newest holds, as if it had been sent now."""
    with _in_scope("accounts_invitation"), schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_invitation i SET revoked_at = now() WHERE accepted_at IS NULL AND revoked_at IS NULL "
            "AND EXISTS (SELECT FROM accounts_invitation n WHERE n.tenant_id = i.tenant_id AND n.accepted_at IS NULL "
            "AND n.revoked_at IS NULL AND n.canonical_email = i.canonical_email "
            "AND (n.created_at, n.id) > (i.created_at, i.id)) RETURNING id"
        )
        for (invitation,) in cursor.fetchall():
            _say(f"The invitation {invitation} is revoked: a newer one is for the same address.")


def hold(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the database hold fast what the rows now are. The constraints of before go when these are there."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for name, of in UNIQUE.items():
            cursor.execute("SELECT pg_get_indexdef(to_regclass(%s)) LIKE '%%canonical%%'", [name])
            if cursor.fetchone()[0]:
                continue
            cursor.execute(f"DROP INDEX IF EXISTS {name}_anew")  # of a run that failed
            table, columns = of.split(" ", 1)
            cursor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name}_anew ON {table} {columns}")
            patiently(connection, [f"DROP INDEX IF EXISTS {name}", f"ALTER INDEX {name}_anew RENAME TO {name}"])
        cursor.execute(f"ALTER TABLE accounts_user VALIDATE CONSTRAINT {CHECK}")
        cursor.execute("ANALYZE accounts_user")


def let_go(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    patiently(schema_editor.connection, [
        "DROP INDEX IF EXISTS user_verified_email_unique, invitation_undecided_unique",
        "CREATE UNIQUE INDEX user_verified_email_unique ON accounts_user (lower(email)) WHERE email_verified",
        "CREATE UNIQUE INDEX invitation_undecided_unique ON accounts_invitation (tenant_id, email) "
        "WHERE (accepted_at IS NULL AND revoked_at IS NULL)",
    ])


def drop_what_folds(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    patiently(schema_editor.connection, ["DROP INDEX IF EXISTS user_email_lower, user_by_email"])


def fold_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    patiently(schema_editor.connection, [
        "CREATE INDEX user_email_lower ON accounts_user (lower(email))",
        "CREATE INDEX user_by_email ON accounts_user ((COALESCE(lower(email), '') COLLATE \"C\"), id)",
    ])


@contextmanager
def _in_scope(table: str) -> Iterator[None]:
    """Invitations are their tenants', beneath row-level security also for the owner of the table."""
    if table != "accounts_invitation":
        yield
        return
    with site_context("invitations of all tenants get the canonical form of their address"):
        yield


def _again(text: str) -> str:
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER")


def _say(line: str) -> None:
    sys.stdout.write(f"\n    {line}")


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0021_errands'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(prepare, unprepare, atomic=False)],
            state_operations=[
                migrations.AddField(
                    model_name='user',
                    name='canonical_email',
                    field=accounts.models.email_fields.CanonicalField(of='email', verbose_name='address, as it is compared'),
                ),
                migrations.AddField(
                    model_name='user',
                    name='address_dispute',
                    field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='address in dispute'),
                ),
                migrations.AddField(
                    model_name='invitation',
                    name='canonical_email',
                    field=accounts.models.email_fields.CanonicalField(of='email', verbose_name='address, as it is compared'),
                ),
                migrations.AddField(
                    model_name='mailedlink',
                    name='canonical_address',
                    field=accounts.models.email_fields.CanonicalField(of='address', verbose_name='address, as it is compared'),
                ),
                migrations.AlterField(
                    model_name='user',
                    name='email',
                    field=accounts.models.email_fields.AddressField(blank=True, max_length=320, null=True, verbose_name='address'),
                ),
                migrations.AlterField(
                    model_name='invitation',
                    name='email',
                    field=accounts.models.email_fields.AddressField(help_text='The link is sent there, and holds for it alone.', max_length=254, verbose_name='address'),
                ),
                migrations.AlterField(
                    model_name='mailedlink',
                    name='address',
                    field=accounts.models.email_fields.AddressField(max_length=320, verbose_name='address'),
                ),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(unverify, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(refuse_unknown, accept_unknown, atomic=False),
        migrations.RunPython(fill, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(unverify, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(separate, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(replace_invitations, migrations.RunPython.noop, atomic=False),
        AddLiveIndex(
            model_name='user',
            index=models.Index(fields=['canonical_email'], name='user_email_canonical'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.comparison.Coalesce('canonical_email', 'email', models.Value(''), output_field=models.TextField()), 'C'), models.F('id'), name='user_by_address'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('address_dispute__isnull', False)), fields=['created_at', 'id'], name='user_address_dispute'),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(hold, let_go, atomic=False)],
            state_operations=[
                migrations.RemoveConstraint(model_name='user', name='user_verified_email_unique'),
                migrations.RemoveConstraint(model_name='invitation', name='invitation_undecided_unique'),
                migrations.AddConstraint(
                    model_name='user',
                    constraint=models.UniqueConstraint(models.F('canonical_email'), django.db.models.functions.comparison.Coalesce('address_dispute', models.Value(0)), condition=models.Q(('email_verified', True)), name='user_verified_email_unique', violation_error_message='Another account has this verified address.'),
                ),
                migrations.AddConstraint(
                    model_name='user',
                    constraint=models.CheckConstraint(condition=models.Q(('email_verified', False), ('email', None), ('email', ''), ('canonical_email__isnull', False), _connector='OR'), name='user_verified_email_canonical', violation_error_message='This is no address that can be verified.'),
                ),
                migrations.AddConstraint(
                    model_name='invitation',
                    constraint=models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None)), fields=('tenant', 'canonical_email'), name='invitation_undecided_unique'),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop_what_folds, fold_again, atomic=False)],
            state_operations=[
                migrations.RemoveIndex(model_name='user', name='user_email_lower'),
                migrations.RemoveIndex(model_name='user', name='user_by_email'),
            ],
        ),
    ]
