"""How the tables of jobs appear in the audit trail."""

from foundation.declarations import NotAudited

DECLARATIONS = [
    NotAudited(
        "jobs.DeferredTask",
        reason="It is a message in transit; the trail has the changes and events that it leads to.",
    ),
]
