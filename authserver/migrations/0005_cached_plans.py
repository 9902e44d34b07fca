"""Plans that are kept: what every token request asks becomes functions of the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0005"
BACK = "DROP FUNCTION client_secrets(uuid), authorization_over(uuid, timestamptz, uuid), person_profile(uuid)"


class Migration(migrations.Migration):
    dependencies = [("authserver", "0004_gone_resources"), ("accounts", "0002_session_client_sid")]

    operations = [migrations.RunSQL((SQL / "cached_plans.sql").read_text(), BACK)]
