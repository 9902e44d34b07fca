"""The tables of the jobs whose rows expire."""

from audit.events import Event
from foundation.declarations import Purgeable

DECLARATIONS = [Purgeable("jobs.DeferredTask", column="expires_at", event=Event.DEFERRED_TASK_PURGED)]
