import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / '0001'


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='UpstreamTokens',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='accounts.identity')),
                ('access', models.TextField()),
                ('refresh', models.TextField(blank=True)),
                ('id_token', models.TextField(blank=True)),
                ('scopes', models.CharField(blank=True, max_length=1000)),
                ('given_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('version', models.PositiveBigIntegerField(db_default=1, default=1)),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
                ('health', models.CharField(choices=[('well', 'well'), ('failing', 'the provider does not renew them at the moment'), ('dead', 'over: the person has to sign in there again')], db_default='well', default='well', max_length=10)),
                ('failures', models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name='failures in a row')),
                ('failing_since', models.DateTimeField(editable=False, null=True, verbose_name='failing since')),
                ('paused_until', models.DateTimeField(editable=False, null=True, verbose_name='paused until')),
                ('detail', models.CharField(blank=True, db_default='', default='', max_length=60)),
                ('sid', models.CharField(blank=True, db_default='', default='', max_length=255, verbose_name='session at the provider')),
                ('is_unverified', models.BooleanField(db_default=False, default=False)),
            ],
            options={
                'verbose_name': 'tokens of a provider',
                'verbose_name_plural': 'tokens of providers',
                'indexes': [models.Index(condition=models.Q(('sid', ''), _negated=True), fields=['given_at', 'id'], name='tokens_of_sessions_by_age')],
                'constraints': [models.UniqueConstraint(fields=('identity', 'sid'), name='tokens_of_upstream_session')],
            },
        ),
        migrations.CreateModel(
            name='UpstreamRevocation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=32)),
                ('issuer', models.CharField(max_length=255)),
                ('reason', models.CharField(max_length=20)),
                ('identity_id', models.BigIntegerField(null=True)),
                ('access', models.TextField(blank=True)),
                ('refresh', models.TextField(blank=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('given_up', 'given up')], db_default='waiting', default='waiting', max_length=10)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('attempts', models.PositiveIntegerField(db_default=0, default=0, verbose_name='attempts')),
                ('next_attempt_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True, verbose_name='next attempt')),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
                ('detail', models.CharField(blank=True, db_default='', default='', max_length=60)),
                ('expires_at', models.DateTimeField(null=True)),
                ('sid', models.CharField(blank=True, db_default='', default='', max_length=255)),
            ],
            options={
                'verbose_name': 'sign-out at a provider',
                'verbose_name_plural': 'sign-outs at providers',
                'indexes': [models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['next_attempt_at'], name='revocation_due'), models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='revocation_expires')],
            },
        ),
        migrations.CreateModel(
            name='SeenLogoutToken',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'verbose_name': 'logout token',
                'verbose_name_plural': 'logout tokens',
            },
        ),
        migrations.CreateModel(
            name='RefusedIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32, verbose_name='provider')),
                ('issuer', models.CharField(max_length=255, verbose_name='issuer')),
                ('subject', models.CharField(max_length=255, verbose_name='subject')),
                ('email', models.CharField(blank=True, max_length=320, verbose_name='address')),
                ('canonical_email', models.CharField(db_collation='C', max_length=320, null=True, verbose_name='address, as it is compared')),
                ('email_verified', models.BooleanField(default=False, verbose_name='address is verified')),
                ('name', models.CharField(blank=True, max_length=255, verbose_name='name')),
                ('claims', models.JSONField(blank=True, default=dict, verbose_name='claims')),
                ('reason', models.CharField(max_length=60, verbose_name='reason')),
                ('reference', models.CharField(db_index=True, max_length=7, verbose_name='reference')),
                ('account', models.UUIDField(db_index=True, null=True, verbose_name='account')),
                ('refused_at', models.DateTimeField(verbose_name='refused')),
                ('expires_at', models.DateTimeField(db_index=True, verbose_name='expires')),
            ],
            options={
                'verbose_name': 'refused identity',
                'verbose_name_plural': 'refused identities',
                'indexes': [models.Index(fields=['canonical_email'], name='refusedidentity_email')],
                'constraints': [models.UniqueConstraint(fields=('issuer', 'subject'), name='refusedidentity_issuer_subject_unique')],
            },
        ),
        migrations.RunSQL((SQL / 'upstream_tokens.sql').read_text()),
    ]
