from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [('accounts', '0001_initial')]

    operations = [
        migrations.AddField(
            model_name='session',
            name='client_sid',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=40),
        ),
    ]
