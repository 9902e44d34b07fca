from django.db import migrations, models

from foundation.live_index import AddLiveIndex


class Migration(migrations.Migration):
    """The purge of pairs that nobody follows finds the old ones by an index, and the outbox knows of which session.

    Code of before goes on beside it.
    """

    atomic = False

    dependencies = [
        ("providers", "0006_refused_identities"),
    ]

    operations = [
        migrations.AddField(
            model_name="leaving",
            name="sid",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        AddLiveIndex(
            model_name="upstreamtokens",
            index=models.Index(
                condition=models.Q(("sid", ""), _negated=True),
                fields=["given_at", "id"],
                name="tokens_of_sessions_by_age",
            ),
        ),
    ]
