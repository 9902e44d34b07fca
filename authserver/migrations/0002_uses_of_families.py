import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("authserver", "0001_initial")]

    operations = [
        migrations.RemoveField(model_name="tokenfamily", name="rotated_before"),
        migrations.AddField(
            model_name="tokenfamily",
            name="uses",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateTimeField(), default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="tokenfamily",
            name="seen_ip",
            field=models.GenericIPAddressField(editable=False, null=True, verbose_name="IP address"),
        ),
        migrations.AddField(
            model_name="tokenfamily",
            name="seen_user_agent",
            field=models.CharField(blank=True, default="", editable=False, max_length=400, verbose_name="program"),
            preserve_default=False,
        ),
    ]
