from pathlib import Path

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Collate, Length
from django.db.models.lookups import Exact

import accounts.models.session
from foundation.live_index import AddLiveIndex

SQL = Path(__file__).parent


class Migration(migrations.Migration):
    """Sessions are found by the digest of their browser's key. No row is changed: code of before goes on beside it.

    Rows come under their digest when code of today looks for them, and by a job (``accounts.sessions.digesting``).
    """

    atomic = False

    dependencies = [
        ("accounts", "0026_sessions_follow"),
    ]

    operations = [
        AddLiveIndex(
            model_name="session",
            index=models.Index(
                Collate(accounts.models.session.RowKey("session_key"), "C"),
                condition=models.Q(Exact(Length("session_key"), 32)),
                name="session_under_browsers_key",
            ),
        ),
        migrations.RunSQL(
            (SQL / "0027" / "session_enter.sql").read_text(), (SQL / "0020" / "session_enter.sql").read_text()
        ),
        RemoveIndexConcurrently(model_name="session", name="session_public_id"),
    ]
