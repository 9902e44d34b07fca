"""What of the outbox is encrypted: the tokens."""

from jobs.key_rotation import Encrypted, register
from providers.models import Leaving
from providers.revocation.outbox import ACCESS, REFRESH, owner

register(
    *(
        Encrypted(rows=Leaving.objects.all, column=column, owner=lambda row: owner(row.pk), purpose=purpose)
        for column, purpose in (("access", ACCESS), ("refresh", REFRESH))
    )
)
