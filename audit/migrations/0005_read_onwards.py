from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_read_by_any_filter'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['txid', 'id'], name='audit_entry_txid'),
        ),
    ]
