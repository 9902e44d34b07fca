"""What of the jobs expires."""

from audit.events import Event
from jobs.models import Errand
from jobs.purging.registry import Purgeable, register

register(Purgeable(model=Errand, column="expires_at", event=Event.DEFERRED_TASK_PURGED))
