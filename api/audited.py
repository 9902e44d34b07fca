"""How the tables of the API appear in the audit trail."""

from foundation.declarations import NotAudited

DECLARATIONS = [
    NotAudited(
        "api.IdempotentRequest", reason="It repeats a response; the trail has what the request created, and by whom."
    ),
]
