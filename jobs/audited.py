"""How the tables of jobs appear in the audit trail."""

from foundation.declarations import NotAudited

DECLARATIONS = [
    NotAudited(
        "jobs.DeferredTask",
        reason="It is a message on its way; what it does is told by what it changes, and by events.",
    ),
]
