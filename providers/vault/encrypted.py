"""What of the vault is encrypted: all of it."""

from jobs.key_rotation import Encrypted, register
from providers.models import UpstreamTokens
from providers.vault.storage import ACCESS, ID, REFRESH, owner

register(
    *(
        Encrypted(
            rows=lambda: UpstreamTokens.objects.select_related("identity"),
            column=column,
            owner=lambda row: owner(row.identity_id, row.identity.user_id),
            purpose=purpose,
        )
        for column, purpose in (("access", ACCESS), ("refresh", REFRESH), ("id_token", ID))
    )
)
