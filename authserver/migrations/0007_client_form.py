
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('authserver', '0006_services'),
    ]

    operations = [
        migrations.AlterField(
            model_name='client',
            name='backchannel_logout_uri',
            field=models.CharField(blank=True, help_text='It is called when people sign out here (OpenID Connect Back-Channel Logout 1.0).', max_length=500, verbose_name='back-channel logout URI'),
        ),
        migrations.AlterField(
            model_name='client',
            name='is_pkce_optional',
            field=models.BooleanField(default=False, help_text='For the conformance suite, in development only.', verbose_name='certification: PKCE not required'),
        ),
    ]
