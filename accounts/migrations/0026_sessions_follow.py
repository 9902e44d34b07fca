# The index by which a call of a provider finds the sessions that follow one of its own, built while people sign in.

import django.contrib.postgres.indexes
from django.db import migrations, models

from foundation.live_index import AddLiveIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0026_fresh_proofs'),
    ]

    operations = [
        AddLiveIndex(
            model_name='session',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('upstream_sessions', []), _negated=True), fields=['upstream_sessions'], name='session_follows', opclasses=['jsonb_path_ops']),
        ),
    ]
