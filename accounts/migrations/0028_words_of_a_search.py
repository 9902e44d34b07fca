# The words by which people, tenants and roles are found, with an index that is built while people sign in (ADR 39).
# No column is added: old code runs beside it, and what is erased is gone from the index too.

from pathlib import Path

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from foundation.live_index import AddLiveIndex
from foundation.lock_timeout import patiently

SQL = Path(__file__).parent / "0028"
FUNCTIONS = ("accounts_words_wanted(text)", "accounts_words(text[])", "accounts_folded_words(text)")


def make(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    functions = (SQL / "words.sql").read_text().replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    patiently(schema_editor.connection, [functions])


def unmake(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    patiently(schema_editor.connection, [f"DROP FUNCTION IF EXISTS {function}" for function in FUNCTIONS])


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0027_session_digests'),
    ]

    operations = [
        migrations.RunPython(make, unmake, atomic=False),
        AddLiveIndex(
            model_name='user',
            index=django.contrib.postgres.indexes.GinIndex(models.Func(models.F('name'), models.F('email'), models.F('canonical_email'), models.F('username'), function='accounts_words', output_field=django.contrib.postgres.search.SearchVectorField()), name='user_by_word'),
        ),
    ]
