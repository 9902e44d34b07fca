from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent
SQL = HERE / "0031"
STANDS_BEFORE = (HERE / "0023" / "session_stands.sql").read_text().split("\n-- Whether the provider has said")[0]
MOVES_BEFORE = """
DROP TRIGGER move_not_before ON accounts_user;
CREATE OR REPLACE FUNCTION accounts_move_not_before() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$ BEGIN NEW.not_before := clock_timestamp(); RETURN NEW; END $$;
CREATE TRIGGER move_not_before BEFORE UPDATE OF is_active ON accounts_user
    FOR EACH ROW WHEN (OLD.is_active IS DISTINCT FROM NEW.is_active) EXECUTE FUNCTION accounts_move_not_before();
DROP TRIGGER move_sign_in_epoch ON accounts_user;
DROP FUNCTION accounts_move_sign_in_epoch();
""" + (HERE / "0023" / "sign_in_epoch.sql").read_text()


class Migration(migrations.Migration):
    """The new column is empty or filled by the database: old code runs beside it (ADR 42)."""

    dependencies = [
        ("accounts", "0030_following_upstream"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="not_before",
            field=models.DateTimeField(editable=False, null=True, verbose_name="given under"),
        ),
        migrations.RunSQL(
            (SQL / "session_not_before.sql").read_text(), "DROP FUNCTION accounts_session_not_before() CASCADE"
        ),
        migrations.RunSQL(
            (SQL / "moments.sql").read_text(),
            "DROP FUNCTION accounts_is_moved(timestamptz, timestamptz); "
            "DROP FUNCTION accounts_another_moment(timestamptz)",
        ),
        migrations.RunSQL((SQL / "moves.sql").read_text(), MOVES_BEFORE),
        migrations.RunSQL(
            (SQL / "session_stands.sql").read_text(),
            STANDS_BEFORE.replace("CREATE FUNCTION session_stands", "CREATE OR REPLACE FUNCTION session_stands"),
        ),
        migrations.RunSQL(
            (SQL / "session_enter.sql").read_text(), (HERE / "0027" / "session_enter.sql").read_text()
        ),
    ]
