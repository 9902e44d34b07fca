# Mailed codes, and the sessions at providers that a session follows. Old code runs beside it: the column has a default.

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0024_used_proofs'),
    ]

    operations = [
        migrations.CreateModel(
            name='MailedCode',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('act', models.CharField(max_length=32, verbose_name='act')),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('tries', models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='tries')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='mailed')),
                ('expires_at', models.DateTimeField(db_index=True, verbose_name='expires')),
                ('used_at', models.DateTimeField(null=True, verbose_name='used')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mailed_codes', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'mailed code',
                'verbose_name_plural': 'mailed codes',
            },
        ),
        migrations.AddField(
            model_name='session',
            name='upstream_sessions',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, editable=False, verbose_name='sessions at providers'),
        ),
    ]
