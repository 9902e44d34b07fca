"""A resource server that is gone leaves the clients that could name it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0004"
BACK = "DROP TRIGGER leave_clients ON authserver_resource; DROP FUNCTION resource_gone()"


class Migration(migrations.Migration):
    dependencies = [("authserver", "0003_asked_scopes")]

    operations = [migrations.RunSQL((SQL / "resources.sql").read_text(), BACK)]
