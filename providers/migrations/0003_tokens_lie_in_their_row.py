from django.db import migrations

# Ciphertexts cannot be compressed, and three of them fit into a row of one page: each sign-in writes them anew, and
# would otherwise try to compress them and move them into a table of their own.
IN_THE_ROW = """
ALTER TABLE providers_upstreamtokens SET (toast_tuple_target = 8160);
ALTER TABLE providers_upstreamtokens
    ALTER COLUMN access SET STORAGE EXTERNAL,
    ALTER COLUMN refresh SET STORAGE EXTERNAL,
    ALTER COLUMN id_token SET STORAGE EXTERNAL;
"""
UNDO = """
ALTER TABLE providers_upstreamtokens RESET (toast_tuple_target);
ALTER TABLE providers_upstreamtokens
    ALTER COLUMN access SET STORAGE EXTENDED,
    ALTER COLUMN refresh SET STORAGE EXTENDED,
    ALTER COLUMN id_token SET STORAGE EXTENDED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0002_leaving_and_heard_logouts'),
    ]

    operations = [migrations.RunSQL(IN_THE_ROW, UNDO)]
