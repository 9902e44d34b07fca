import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [('authserver', '0007_client_form')]

    operations = [
        migrations.CreateModel(
            name='LogoutNotice',
            fields=[
                ('attempts', models.PositiveIntegerField(db_default=0, default=0, verbose_name='attempts')),
                ('next_attempt_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True, verbose_name='next attempt')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(editable=False, max_length=36)),
                ('sid', models.CharField(editable=False, max_length=40)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.client', verbose_name='app')),
            ],
            options={
                'verbose_name': 'logout notice',
                'verbose_name_plural': 'logout notices',
                'indexes': [models.Index(fields=['next_attempt_at'], name='logout_notice_due')],
            },
        ),
    ]
