from django.db import migrations, models

from foundation.live_index import AddLiveIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('audit', '0005_months'),
    ]

    operations = [
        AddLiveIndex(
            model_name='entry',
            index=models.Index(fields=['tenant_id', 'id'], name='audit_entry_tenant', condition=models.Q(('tenant_id__isnull', False))),
        ),
        AddLiveIndex(
            model_name='entry',
            index=models.Index(fields=['object_table', 'id'], name='audit_entry_table', condition=models.Q(('object_table__isnull', False))),
        ),
        AddLiveIndex(
            model_name='personal',
            index=models.Index(fields=['address', 'entry'], name='audit_personal_address', condition=models.Q(('address__isnull', False))),
        ),
    ]
