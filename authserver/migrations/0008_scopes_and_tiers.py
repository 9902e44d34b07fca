"""A scope may include others, and one profile claim may be the site's tier: what the API's guards compare."""

import django.contrib.postgres.fields
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("authserver", "0007_creators_of_keys")]

    operations = [
        migrations.AddField(
            model_name="profileclaim",
            name="is_tier",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its values are tiers, from the lowest to the highest. One claim can be the tier.",
                verbose_name="is the tier",
            ),
        ),
        migrations.AddField(
            model_name="registeredscope",
            name="includes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    max_length=100,
                    validators=[
                        django.core.validators.RegexValidator(
                            "\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z", "A scope is one word (RFC 6749, section 3.3)."
                        )
                    ],
                ),
                blank=True,
                default=list,
                help_text="Scopes that it stands for as well, separated by commas: users:write may include users:read.",
                size=None,
                verbose_name="includes",
            ),
        ),
        migrations.AddConstraint(
            model_name="profileclaim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_tier", True)),
                fields=("is_tier",),
                name="profile_claim_one_tier",
                violation_error_message="Another claim is the tier.",
            ),
        ),
    ]
