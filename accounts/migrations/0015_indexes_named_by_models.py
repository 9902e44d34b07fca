# 0011 has built these three; from here on their models name them too.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0014_second_factor_required'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddIndex(
                    model_name='membership',
                    index=models.Index(fields=['tenant', 'role', 'user'], name='membership_of_tenant'),
                ),
                migrations.AddIndex(
                    model_name='membership',
                    index=models.Index(fields=['tenant', 'id'], name='membership_newest'),
                ),
                migrations.AddIndex(
                    model_name='tenant',
                    index=models.Index(fields=['name', 'id'], name='tenant_by_name'),
                ),
            ],
        ),
    ]
