from foundation.declarations import AppEvent

KEYS_PURGED = AppEvent(
    "key.purged",
    "Expired keys were removed; the details count them.",
    details={"count": "how many", "finished": "whether nothing was left for the next run"},
)

DECLARATIONS = [KEYS_PURGED]
