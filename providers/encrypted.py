"""The encrypted columns of the providers' tables: secrets of connections, tokens in the vault and in the outbox."""

from foundation.declarations import Encrypted
from providers.connections import building
from providers.models import UpstreamTokens
from providers.revocation import outbox
from providers.vault import storage

DECLARATIONS = [
    Encrypted("providers.Connection", column="client_secret", purpose=building.PURPOSE),
    *(
        Encrypted(
            "providers.UpstreamTokens",
            column=column,
            purpose=purpose,
            owner=lambda row: storage.owner(row.identity_id, row.identity.user_id),
            rows=lambda: UpstreamTokens.objects.select_related("identity"),
        )
        for column, purpose in (
            ("access", storage.ACCESS), ("refresh", storage.REFRESH), ("id_token", storage.ID),
        )
    ),
    *(
        Encrypted(
            "providers.UpstreamRevocation", column=column, purpose=purpose, owner=lambda row: outbox.owner(row.pk)
        )
        for column, purpose in (("access", outbox.ACCESS), ("refresh", outbox.REFRESH))
    ),
]  # fmt: skip
