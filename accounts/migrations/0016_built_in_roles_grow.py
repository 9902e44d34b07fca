import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0015_indexes_named_by_models'),
    ]

    operations = [
        migrations.AddField(
            model_name='role',
            name='provided',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, db_default=models.Value([], output_field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), size=None)), default=list, editable=False, help_text='Permissions that a built-in role has been given so far: what is new to the code is added once.', size=None, verbose_name='given by the product'),
        ),
    ]
