"""Issuers whose access tokens the API accepts, and how such a token leads to a person."""

import uuid
from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import providers.issuer_rules

SQL = Path(__file__).parent / '0002'
BACK = 'DROP FUNCTION upstream_token_enter(text, text, text[])'


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_session_client_sid'),
        ('providers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='UpstreamIssuer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('issuer', models.CharField(help_text='Exactly as in its tokens, a slash at the end included.', max_length=255, unique=True, verbose_name='issuer')),
                ('audiences', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255, validators=[providers.issuer_rules.check_audience]), help_text='The identifiers of our API there, one on each line. Never the client ID of an app.', size=None, verbose_name='audiences')),
                ('algorithms', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10, validators=[providers.issuer_rules.check_algorithm]), default=providers.issuer_rules.usual_algorithms, help_text='By which its tokens are signed, one on each line, such as RS256.', size=None, verbose_name='algorithms')),
                ('scope_claims', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255, validators=[providers.issuer_rules.check_path]), default=providers.issuer_rules.usual_scope_claims, help_text='Where its scopes or roles are, one on each line, such as scope, scp or realm_access.roles.', size=None, verbose_name='claims with scopes')),
                ('scopes', models.JSONField(blank=True, default=dict, help_text='One of theirs and ours on each line, such as: read:books = books:read. All others give nothing.', validators=[providers.issuer_rules.check_scopes], verbose_name='scopes')),
                ('requires_typ', models.BooleanField(default=True, help_text='Accept only tokens that say in their header that they are access tokens (RFC 9068).', verbose_name='only at+jwt')),
                ('email_claim', models.CharField(blank=True, default='email', max_length=255, verbose_name='claim with the address')),
                ('email_verified_claim', models.CharField(blank=True, help_text='Empty: no address of this issuer counts as verified.', max_length=255, verbose_name='claim that the address is verified')),
                ('name_claim', models.CharField(blank=True, default='name', max_length=255, verbose_name='claim with the name')),
                ('creates_accounts', models.BooleanField(default=False, help_text='The first token of a person opens an account, as a first sign-in does.', verbose_name='creates accounts')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('tenant', models.ForeignKey(blank=True, help_text="Its tokens work there only, for members. Empty: in each person's primary tenant.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'upstream issuer',
                'verbose_name_plural': 'upstream issuers',
                'ordering': ('name', 'id'),
            },
        ),
        migrations.RunSQL((SQL / 'upstream_tokens.sql').read_text(), BACK),
    ]
