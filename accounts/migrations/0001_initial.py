import accounts.models.email_fields
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import uuid
from pathlib import Path

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tenancy.isolation import IS_SITE, PERSON, SITE, TENANT, AddPolicies, EnableOwnerIsolation, EnableTenantIsolation, Policy


SQL = Path(__file__).parent / '0001'
FILES = (
    'words', 'canonical_emails', 'superusers', 'mailed_links', 'moments', 'memberships', 'claim_rules',
    'session_limits', 'session_enter', 'session_stands',
)
CANONICAL = (  # table, e-mail address, canonical form
    ('accounts_user', 'email', 'canonical_email'),
    ('accounts_invitation', 'email', 'canonical_email'),
    ('accounts_mailedlink', 'email', 'canonical_email'),
)
FITS = (
    'EXISTS (SELECT 1 FROM accounts_role r WHERE r.id = role_id '
    'AND (r.tenant_id IS NULL OR r.tenant_id = {table}.tenant_id))'
)
RULE_IS_WRITTEN = f'{IS_SITE} AND {FITS.format(table="accounts_claimrule")}'


def sql(name: str) -> str:
    return (SQL / f'{name}.sql').read_text(encoding='utf-8')


def role_fits(table: str) -> tuple[Policy, Policy]:
    """Require that the role of a row is global, or belongs to the row's own tenant."""
    fits = FITS.format(table=table)
    return (
        Policy(name='role_fits_new', using=fits, command='INSERT', narrows=True),
        Policy(name='role_fits', using=fits, command='UPDATE', narrows=True),
    )


def let_go_of_accounts(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Change the foreign keys after they are created, which Django does at the end of the migration."""
    schema_editor.deferred_sql.append(sql('references'))


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('username', models.CharField(blank=True, help_text='Only for local accounts, such as the break-glass administrator.', max_length=150, null=True, unique=True, verbose_name='username')),
                ('name', models.CharField(blank=True, max_length=255, verbose_name='name')),
                ('email', accounts.models.email_fields.EmailField(blank=True, max_length=320, null=True, verbose_name='address')),
                ('email_verified', models.BooleanField(default=False, verbose_name='address is verified')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_staff', models.BooleanField(default=False, verbose_name='may enter the admin')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('second_factor_required', models.BooleanField(db_default=False, default=False, help_text='At the next sign-in this person has to add a second factor, unless there is one.', verbose_name='needs a second factor')),
                ('not_before', models.DateTimeField(editable=False, null=True, verbose_name='nothing given before this serves any more')),
                ('canonical_email', accounts.models.email_fields.CanonicalField(of='email', verbose_name='address, as it is compared')),
                ('sign_in_epoch', models.DateTimeField(editable=False, null=True, verbose_name='nothing judged before this opens a session')),
                ('name_set_here', models.BooleanField(db_default=False, default=False, editable=False, verbose_name='name was set here')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'indexes': [models.Index(fields=['canonical_email'], name='user_email_canonical'), models.Index(condition=models.Q(('is_active', True), ('is_superuser', True)), fields=['id'], name='user_active_superuser'), models.Index(fields=['created_at', 'id'], name='user_newest'), models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Upper('name'), 'C'), models.F('id'), name='user_by_name'), models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.comparison.Coalesce('canonical_email', 'email', models.Value(''), output_field=models.TextField()), 'C'), models.F('id'), name='user_by_email'), django.contrib.postgres.indexes.GinIndex(models.Func(models.F('name'), models.F('email'), models.F('canonical_email'), models.F('username'), function='accounts_words', output_field=django.contrib.postgres.search.SearchVectorField()), name='user_by_word'), models.Index(condition=models.Q(('is_active', False)), fields=['created_at', 'id'], name='user_inactive'), models.Index(condition=models.Q(('is_staff', True)), fields=['created_at', 'id'], name='user_staff'), models.Index(condition=models.Q(('is_superuser', True)), fields=['created_at', 'id'], name='user_superuser'), models.Index(condition=models.Q(('email_verified', False)), fields=['created_at', 'id'], name='user_unverified')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('email_verified', True)), fields=('canonical_email',), name='user_verified_email_unique', violation_error_message='Another account has this verified address.'), models.CheckConstraint(condition=models.Q(('email_verified', False), ('email', None), ('email', ''), ('canonical_email__isnull', False), _connector='OR'), name='user_verified_email_canonical', violation_error_message='This is no address that can be verified.')],
            },
        ),
        migrations.CreateModel(
            name='Identity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32, verbose_name='provider')),
                ('issuer', models.CharField(max_length=255, verbose_name='issuer')),
                ('subject', models.CharField(max_length=255, verbose_name='subject')),
                ('email', models.CharField(blank=True, max_length=320, verbose_name='address')),
                ('email_verified', models.BooleanField(default=False, verbose_name='address is verified')),
                ('name', models.CharField(blank=True, max_length=255, verbose_name='name')),
                ('claims', models.JSONField(blank=True, default=dict, verbose_name='claims')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='connected')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identities', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'identity',
                'verbose_name_plural': 'identities',
                'indexes': [models.Index(fields=['subject'], name='identity_subject'), models.Index(fields=['provider', 'id'], name='identity_provider')],
                'constraints': [models.UniqueConstraint(fields=('issuer', 'subject'), name='identity_issuer_subject_unique', violation_error_message='This identity is connected already.')],
            },
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('session_key', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='session key')),
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='signed in')),
                ('last_seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='last seen')),
                ('provider', models.CharField(blank=True, db_default='', max_length=32, verbose_name='provider')),
                ('upstream_sid', models.CharField(blank=True, db_default='', max_length=255, verbose_name='session at the provider')),
                ('ip_address', models.GenericIPAddressField(null=True, verbose_name='IP address')),
                ('user_agent', models.CharField(blank=True, db_default='', max_length=400, verbose_name='browser')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('active_tenant', models.UUIDField(editable=False, null=True, verbose_name='organization')),
                ('ends_at', models.DateTimeField(editable=False, null=True, verbose_name='ends at the latest')),
                ('idle', models.DurationField(editable=False, null=True, verbose_name='ends without use after')),
                ('is_remembered', models.BooleanField(db_default=False, default=False, verbose_name='kept in the browser')),
                ('waiting_for', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='waiting_sign_ins', to=settings.AUTH_USER_MODEL, verbose_name='person who signs in')),
                ('waiting_identity_id', models.BigIntegerField(editable=False, null=True, verbose_name='identity of the first proof')),
                ('waiting_epoch', models.DateTimeField(editable=False, null=True, verbose_name='epoch of the first proof')),
                ('waiting_cancelled', models.CharField(blank=True, db_default='', editable=False, max_length=40, verbose_name='reason for cancelling')),
                ('upstream_sessions', models.JSONField(db_default=models.Value([], models.JSONField()), default=list, editable=False, verbose_name='sessions at providers')),
                ('revalidate_at', models.DateTimeField(editable=False, null=True, verbose_name='its providers are asked again')),
                ('unverified_since', models.DateTimeField(editable=False, null=True, verbose_name='may be over at its provider since')),
                ('not_before', models.DateTimeField(editable=False, null=True, verbose_name='given under')),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
                'indexes': [models.Index(condition=models.Q(('upstream_sid', ''), _negated=True), fields=['upstream_sid'], name='session_of_upstream_sid'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('upstream_sessions', []), _negated=True), fields=['upstream_sessions'], name='session_follows', opclasses=['jsonb_path_ops']), models.Index(fields=['ip_address'], name='session_ip_address'), models.Index(fields=['created_at'], name='session_created'), models.Index(condition=models.Q(('waiting_for__isnull', False)), fields=['waiting_for'], name='session_waiting_for')],
            },
        ),
        migrations.CreateModel(
            name='UpstreamLogout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32)),
                ('sid', models.CharField(blank=True, db_default='', max_length=255)),
                ('subject', models.CharField(blank=True, db_default='', max_length=255)),
                ('ended_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'verbose_name': 'session that ended at its provider',
                'verbose_name_plural': 'sessions that ended at their provider',
                'indexes': [models.Index(fields=['provider', 'sid', 'subject'], name='upstream_logout_named')],
            },
        ),
        migrations.CreateModel(
            name='CutOff',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('by', models.CharField(choices=[('owner', 'the person'), ('administrator', 'an administrator'), ('command', 'a command')], max_length=20, verbose_name='by')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('deactivated', models.BooleanField(verbose_name='the account was deactivated')),
                ('checks', models.JSONField(default=dict, verbose_name='check list')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='done')),
                ('confirmed_at', models.DateTimeField(editable=False, null=True, verbose_name='confirmed')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cut_offs', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('not_before', models.DateTimeField(editable=False, null=True, verbose_name='nothing given before this served any more')),
            ],
            options={
                'verbose_name': 'cut-off',
                'verbose_name_plural': 'cut-offs',
                'ordering': ('-created_at',),
                'indexes': [models.Index(fields=['user', 'created_at'], name='cut_off_of_user'), models.Index(condition=models.Q(('confirmed_at', None)), fields=['created_at'], name='cut_off_unconfirmed')],
            },
        ),
        migrations.CreateModel(
            name='MailedLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('purpose', models.CharField(choices=[('email_change', "make an address the account's"), ('email_disown', 'say that one did not ask for that'), ('registration', 'open a local account'), ('password_reset', 'choose another password')], max_length=32, verbose_name='purpose')),
                ('email', accounts.models.email_fields.EmailField(max_length=320, verbose_name='address')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='made')),
                ('expires_at', models.DateTimeField(db_index=True, verbose_name='expires')),
                ('used_at', models.DateTimeField(null=True, verbose_name='used')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mailed_links', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('canonical_email', accounts.models.email_fields.CanonicalField(of='email', verbose_name='address, as it is compared')),
                ('epoch', models.DateTimeField(editable=False, null=True, verbose_name='epoch')),
                ('expiry_reason', models.CharField(blank=True, db_default='', editable=False, max_length=40, verbose_name='reason for expiring')),
            ],
            options={
                'verbose_name': 'mailed link',
                'verbose_name_plural': 'mailed links',
            },
        ),
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
        migrations.CreateModel(
            name='UsedProof',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'verbose_name': 'used proof',
                'verbose_name_plural': 'used proofs',
            },
        ),
        migrations.CreateModel(
            name='Tenant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('slug', models.SlugField(blank=True, help_text='For addresses and the shell.', max_length=100, unique=True, verbose_name='short name')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('remembered_idle_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(90)], verbose_name='days without use, where somebody asked to be kept signed in')),
                ('remembered_lifetime_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='days in all, where somebody asked to be kept signed in')),
                ('session_idle_minutes', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(1440)], verbose_name='minutes without use, at most')),
                ('session_lifetime_hours', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(720)], verbose_name='hours in all, at most')),
            ],
            options={
                'verbose_name': 'tenant',
                'verbose_name_plural': 'tenants',
                'ordering': ('name', 'id'),
                'indexes': [models.Index(fields=['name', 'id'], name='tenant_by_name')],
            },
        ),
        migrations.CreateModel(
            name='Role',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('description', models.CharField(blank=True, max_length=300, verbose_name='description')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100, validators=[django.core.validators.RegexValidator('\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z', 'A scope is one word (RFC 6749, section 3.3).')]), blank=True, default=list, help_text='What programs may do on behalf of somebody with this role, separated by commas.', size=None, verbose_name='scopes')),
                ('permissions', models.ManyToManyField(blank=True, related_name='+', to='auth.permission', verbose_name='permissions')),
                ('tenant', models.ForeignKey(blank=True, help_text='Empty: a global role, for every tenant.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='roles', to='accounts.tenant', verbose_name='tenant')),
                ('provided', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, db_default=models.Value([], output_field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), size=None)), default=list, editable=False, help_text='Permissions that a built-in role has been given so far: what is new to the code is added once.', size=None, verbose_name='given by the product')),
            ],
            options={
                'verbose_name': 'role',
                'verbose_name_plural': 'roles',
                'ordering': ('name', 'id'),
                'constraints': [models.UniqueConstraint(fields=('tenant', 'name'), name='role_name_unique', nulls_distinct=False, violation_error_message='There is a role of this name already.')],
            },
        ),
        migrations.CreateModel(
            name='ClaimRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32, verbose_name='provider')),
                ('claim', models.CharField(help_text='Where to look: names with dots between, such as realm_access.roles; a name with a dot in "", such as resource_access."my.client".roles.', max_length=255, verbose_name='claim')),
                ('value', models.CharField(help_text='The exact text of the claim, or of one item where it is a list.', max_length=255, verbose_name='value')),
                ('position', models.PositiveIntegerField(default=0, help_text='Where several rules for one tenant hold, the lowest counts.', verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('role', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claim_rules', to='accounts.role', verbose_name='role')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'claim rule',
                'verbose_name_plural': 'claim rules',
                'ordering': ('provider', 'tenant', 'position', 'id'),
                'constraints': [models.UniqueConstraint(fields=('tenant', 'provider', 'claim', 'value'), name='claim_rule_unique', violation_error_message='There is a rule for this claim and this tenant already.')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_primary', models.BooleanField(db_default=False, default=False, help_text='Where the person is after signing in.', verbose_name='primary')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='since')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('role', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='accounts.role', verbose_name='role')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.tenant', verbose_name='tenant')),
                ('rule', models.ForeignKey(blank=True, db_index=False, editable=False, help_text='The rule that gave this, and takes it away; none where a person did.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.claimrule', verbose_name='claim rule')),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'indexes': [models.Index(condition=models.Q(('rule__isnull', False)), fields=['rule'], name='membership_given_by_rule'), models.Index(fields=['tenant', 'role', 'user'], name='membership_of_tenant'), models.Index(fields=['tenant', 'id'], name='membership_newest')],
                'constraints': [models.UniqueConstraint(fields=('user', 'tenant'), name='membership_user_tenant_unique', violation_error_message='This person belongs to the tenant already.'), models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('user',), name='membership_primary_unique', violation_error_message='This person has another primary tenant.')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('email', accounts.models.email_fields.EmailField(help_text='The link is sent there, and holds for it alone.', max_length=254, verbose_name='address')),
                ('digest', models.CharField(editable=False, max_length=64, verbose_name='digest of the link')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='invited')),
                ('sent_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='sent')),
                ('expires_at', models.DateTimeField(editable=False, verbose_name='open until')),
                ('accepted_at', models.DateTimeField(editable=False, null=True, verbose_name='accepted')),
                ('revoked_at', models.DateTimeField(editable=False, null=True, verbose_name='revoked')),
                ('accepted_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by')),
                ('invited_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by')),
                ('role', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='accounts.role', verbose_name='role')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='accounts.tenant', verbose_name='tenant')),
                ('canonical_email', accounts.models.email_fields.CanonicalField(of='email', verbose_name='address, as it is compared')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ('-created_at', 'id'),
                'indexes': [models.Index(fields=['tenant', 'created_at'], name='invitation_of_tenant'), models.Index(fields=['created_at'], name='invitation_newest'), models.Index(fields=['expires_at'], name='invitation_expiry')],
                'constraints': [models.UniqueConstraint(fields=('digest',), name='invitation_digest_unique'), models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None)), fields=('tenant', 'canonical_email'), name='invitation_undecided_unique'), models.CheckConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None), _connector='OR'), name='invitation_decided_once')],
            },
        ),
        migrations.CreateModel(
            name='BulkAction',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('is_site', models.BooleanField(default=False, editable=False)),
                ('tenant_id', models.UUIDField(editable=False, null=True, verbose_name='tenant')),
                ('role_id', models.BigIntegerField(editable=False, null=True, verbose_name='role')),
                ('kind', models.CharField(max_length=40, verbose_name='what')),
                ('targets', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, editable=False, size=None)),
                ('total', models.PositiveIntegerField(default=0, verbose_name='people')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='done')),
                ('changed', models.PositiveIntegerField(default=0, verbose_name='changed')),
                ('skipped', models.JSONField(default=dict, verbose_name='left as they are')),
                ('state', models.CharField(choices=[('draft', 'not complete yet'), ('counting', 'finding out what would change'), ('previewed', 'waiting to be confirmed'), ('running', 'under way'), ('finished', 'finished'), ('stopped', 'stopped')], default='draft', max_length=20, verbose_name='state')),
                ('stop_reason', models.CharField(blank=True, max_length=200, verbose_name='reason for stopping')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='prepared')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                ('moved_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last progress')),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'verbose_name': 'bulk action',
                'verbose_name_plural': 'bulk actions',
                'ordering': ('-created_at',),
                'indexes': [models.Index(fields=['user', 'created_at'], name='bulk_action_of_user'), models.Index(condition=models.Q(('state__in', ('counting', 'running'))), fields=['moved_at'], name='bulk_action_at_work')],
            },
        ),
        EnableTenantIsolation('membership'),
        AddPolicies(
            'membership',
            Policy(name='own', using=f'user_id = {PERSON}', command='SELECT'),
            *role_fits('accounts_membership'),
        ),
        EnableTenantIsolation('tenant', column='id'),
        AddPolicies(
            'tenant',
            Policy(
                name='own',
                using='EXISTS (SELECT 1 FROM accounts_membership m '
                f'WHERE m.tenant_id = accounts_tenant.id AND m.user_id = {PERSON})',
                command='SELECT',
            ),
        ),
        EnableTenantIsolation('role'),
        AddPolicies('role', Policy(name='global_ones', using='tenant_id IS NULL', command='SELECT')),
        AddPolicies(
            'role',
            Policy(
                name='of_visible_roles',
                using='EXISTS (SELECT 1 FROM accounts_role r WHERE r.id = role_id)',
                command='SELECT',
            ),
            Policy(
                name='of_own_roles',
                using=f'EXISTS (SELECT 1 FROM accounts_role r WHERE r.id = role_id AND r.tenant_id = {TENANT})',
            ),
            SITE,
            many_to_many='permissions',
        ),
        EnableTenantIsolation('claimrule'),
        AddPolicies(
            'claimrule',
            Policy(name='site_writes_new', using=RULE_IS_WRITTEN, command='INSERT', narrows=True),
            Policy(name='site_writes', using=RULE_IS_WRITTEN, command='UPDATE', narrows=True),
            Policy(name='site_deletes', using=IS_SITE, command='DELETE', narrows=True),
        ),
        EnableTenantIsolation('invitation'),
        AddPolicies('invitation', *role_fits('accounts_invitation')),
        EnableOwnerIsolation('bulkaction'),
        *(migrations.RunSQL(sql(name)) for name in FILES),
        *(
            migrations.RunSQL(sql('canonical_column').format(table=table, email=email, canonical=canonical))
            for table, email, canonical in CANONICAL
        ),
        migrations.RunPython(let_go_of_accounts),
    ]
