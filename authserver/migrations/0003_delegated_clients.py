
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('authserver', '0002_uses_of_families'),
    ]

    operations = [
        migrations.AddField(
            model_name='client',
            name='is_delegated',
            field=models.BooleanField(default=False, help_text='In its own name it has at most the scopes that whoever registered it has at that moment.', verbose_name='delegated'),
        ),
    ]
