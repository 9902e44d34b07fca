from django.db import migrations, models

from foundation.live_index import AddLiveIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('audit', '0001_initial'),
    ]

    operations = [
        AddLiveIndex(
            model_name='entry',
            index=models.Index(fields=['batch_id', 'id'], name='audit_entry_batch', condition=models.Q(('batch_id__isnull', False))),
        ),
    ]
