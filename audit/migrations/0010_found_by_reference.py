from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform

from foundation.live_index import AddLiveIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('audit', '0009_erasure_by_canonical_address'),
    ]

    operations = [
        AddLiveIndex(
            model_name='entry',
            index=models.Index(KeyTextTransform('reference', 'details'), 'id', name='audit_entry_reference', condition=models.Q(('details__has_key', 'reference'))),
        ),
    ]
