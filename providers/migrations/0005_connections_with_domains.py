"""A sign-in reads the domains that the tenant of a connection owns together with the connection."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent


def forwards_of_0003() -> str:
    """Return the function that this migration replaces, as 0003 creates it."""
    return (SQL / '0003' / 'connections.sql').read_text().split('-- An issuer belongs')[0]


class Migration(migrations.Migration):
    dependencies = [
        ('accounts', '0004_domains'),
        ('providers', '0003_connections'),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / '0005' / 'connections_with_domains.sql').read_text(),
            'DROP FUNCTION connection_to_sign_in(text);' + forwards_of_0003(),
        ),
    ]
