# What the admin's lists are sorted, searched and filtered by, built while people go on signing in.

import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

from foundation.live_index import AddLiveIndex


class PublicId(models.Func):
    """What the index over sessions had until 0027."""

    template = "left(encode(sha256(decode(%(expressions)s, 'escape')), 'hex'), 16)"
    output_field = models.CharField()


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0010_invitations_let_accounts_go'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(  # beside the indexes that these models name
            database_operations=[
                AddLiveIndex(
                    model_name='tenant',
                    index=models.Index(fields=['name', 'id'], name='tenant_by_name'),
                ),
                AddLiveIndex(
                    model_name='membership',
                    index=models.Index(fields=['tenant', 'role', 'user'], name='membership_of_tenant'),
                ),
                AddLiveIndex(
                    model_name='membership',
                    index=models.Index(fields=['tenant', 'id'], name='membership_newest'),
                ),
            ],
        ),
        AddLiveIndex(
            model_name='identity',
            index=models.Index(fields=['provider', 'id'], name='identity_provider'),
        ),
        AddLiveIndex(
            model_name='session',
            index=models.Index(django.db.models.functions.comparison.Collate(PublicId('session_key'), 'C'), name='session_public_id'),
        ),
        AddLiveIndex(
            model_name='session',
            index=models.Index(fields=['address'], name='session_address'),
        ),
        AddLiveIndex(
            model_name='session',
            index=models.Index(fields=['created_at'], name='session_created'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(fields=['created_at', 'id'], name='user_newest'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Upper('name'), 'C'), models.F('id'), name='user_by_name'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.comparison.Coalesce(django.db.models.functions.text.Lower('email'), models.Value('')), 'C'), models.F('id'), name='user_by_email'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('is_active', False)), fields=['created_at', 'id'], name='user_inactive'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('is_staff', True)), fields=['created_at', 'id'], name='user_staff'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('is_superuser', True)), fields=['created_at', 'id'], name='user_superuser'),
        ),
        AddLiveIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('email_verified', False)), fields=['created_at', 'id'], name='user_unverified'),
        ),
    ]
