import django.db.models.functions.datetime
import django.utils.timezone
import jobs.models
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='DeferredTask',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40, verbose_name='what')),
                ('content', models.TextField(editable=False, verbose_name='content')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('next_attempt_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=jobs.models.soon, null=True, verbose_name='next attempt')),
                ('attempts', models.PositiveIntegerField(db_default=0, default=0, verbose_name='attempts')),
                ('expires_at', models.DateTimeField(db_index=True, default=jobs.models.kept_until, verbose_name='forgotten')),
            ],
            options={
                'verbose_name': 'deferred task',
                'verbose_name_plural': 'deferred tasks',
                'indexes': [models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['next_attempt_at'], name='deferred_task_due')],
            },
        ),
    ]
