"""Protected hosts: applications in front of which a proxy asks us about each request."""

import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import authserver.models.protected_host

SCOPE_WORD = django.core.validators.RegexValidator(
    "\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z", "A scope is one word (RFC 6749, section 3.3)."
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_session_client_sid"), ("authserver", "0011_web_origins")]

    operations = [
        migrations.CreateModel(
            name="ProtectedHost",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(help_text="As people know the application.", max_length=100, verbose_name="name"),
                ),
                (
                    "origin",
                    models.CharField(
                        help_text="https://wiki.example.com, with the port if it has one of its own.",
                        max_length=300,
                        unique=True,
                        validators=[authserver.models.protected_host.check_origin],
                        verbose_name="origin",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="Otherwise nobody may open it.", verbose_name="active"
                    ),
                ),
                (
                    "org_roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=150),
                        blank=True,
                        default=list,
                        help_text="Names, separated by commas. One of them is enough.",
                        size=None,
                        verbose_name="roles in the organization",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        blank=True,
                        help_text="One that the role must have.",
                        max_length=100,
                        validators=[SCOPE_WORD],
                        verbose_name="scope",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[("admin", "superusers")],
                        max_length=20,
                        verbose_name="role on the site",
                    ),
                ),
                (
                    "fresh_minutes",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="After these minutes people sign in again before they go on.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(525600),
                        ],
                        verbose_name="signed in within minutes",
                    ),
                ),
                (
                    "needs_second_factor",
                    models.BooleanField(default=False, verbose_name="needs a second factor"),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: for everybody with an account.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                        verbose_name="for members of",
                    ),
                ),
            ],
            options={
                "verbose_name": "protected host",
                "verbose_name_plural": "protected hosts",
                "ordering": ("name", "origin"),
            },
        ),
    ]
