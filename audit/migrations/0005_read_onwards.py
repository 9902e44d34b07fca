from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_entries_of_a_batch'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['txid', 'id'], name='audit_entry_txid'),
        ),
    ]
