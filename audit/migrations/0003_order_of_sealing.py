from django.db import migrations, models

from foundation.live_index import AddLiveIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('audit', '0002_entries_of_a_batch'),
    ]

    operations = [
        AddLiveIndex(
            model_name='entry',
            index=models.Index(fields=['txid', 'id'], name='audit_entry_txid'),
        ),
    ]
