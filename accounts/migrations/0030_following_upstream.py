# When a session's providers are asked next. Both are empty without a default: no table is rewritten.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0029_names_and_locks'),
    ]

    operations = [
        migrations.AddField(
            model_name='session',
            name='follow_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='its providers are asked again'),
        ),
        migrations.AddField(
            model_name='session',
            name='unsure_since',
            field=models.DateTimeField(editable=False, null=True, verbose_name='may be over at its provider since'),
        ),
    ]
