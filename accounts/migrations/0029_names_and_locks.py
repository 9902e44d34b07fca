# Who set a name, and by which cut-off an account is closed. Old code runs beside it: one column has a default in the
# database, the other is empty. No table is rewritten.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0028_words_of_a_search'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='name_set_here',
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name='name was set here'),
        ),
        migrations.AddField(
            model_name='cutoff',
            name='not_before',
            field=models.DateTimeField(editable=False, null=True, verbose_name='nothing given before this served any more'),
        ),
    ]
