from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent
FUNCTIONS = (HERE / '0008' / 'functions.sql').read_text(encoding='utf-8')


def functions_of_before() -> str:
    """Those that write, as they were: everything of the first migration before the triggers that refuse."""
    text, _, _refusing = (HERE / '0001' / 'functions.sql').read_text(encoding='utf-8').partition('CREATE FUNCTION audit_refuse')
    return text.replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION')


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0007_erasure'),
    ]

    operations = [
        migrations.AddField(
            model_name='entry',
            name='behind_kind',
            field=models.TextField(choices=[('person', 'person'), ('service', 'service'), ('command', 'command'), ('job', 'job'), ('migration', 'migration'), ('database', 'database role, nobody having said more')], null=True, verbose_name='kind of who is behind'),
        ),
        migrations.AddField(
            model_name='entry',
            name='behind_id',
            field=models.TextField(null=True, verbose_name='id of who is behind'),
        ),
        migrations.RunSQL(FUNCTIONS, functions_of_before()),
    ]
