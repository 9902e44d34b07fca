"""A key of a service knows who created it, and has seen it. Of older keys nobody knows."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQL = Path(__file__).parent / "0007"


def clear_in_the_database(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Change the foreign key after it exists: Django creates it at the end of a migration."""
    schema_editor.deferred_sql.append((SQL / "creators.sql").read_text())


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("authserver", "0006_notices_of_tenants"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="created_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="created by",
            ),
        ),
        migrations.RunPython(clear_in_the_database, migrations.RunPython.noop),
        migrations.RunSQL((SQL / "alive.sql").read_text(), migrations.RunSQL.noop),
    ]
