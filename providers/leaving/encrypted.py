"""What of the outbox is encrypted: the tokens."""

from accounts.rewrapping import Encrypted, register
from providers.leaving.outbox import ACCESS, REFRESH, owner
from providers.models import Leaving

register(
    *(
        Encrypted(rows=Leaving.objects.all, column=column, owner=lambda row: owner(row.pk), purpose=purpose)
        for column, purpose in (("access", ACCESS), ("refresh", REFRESH))
    )
)
