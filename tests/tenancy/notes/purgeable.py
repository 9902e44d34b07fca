from foundation.declarations import Purgeable
from tests.tenancy.notes.events import KEYS_PURGED

DECLARATIONS = [Purgeable("notes.Key", column="expires_at", event=KEYS_PURGED)]
