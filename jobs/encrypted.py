"""The encrypted columns of the jobs."""

from foundation.declarations import Encrypted
from jobs.deferred.worker import PURPOSE
from jobs.models import DeferredTask

DECLARATIONS = [Encrypted("jobs.DeferredTask", column="content", purpose=PURPOSE, rows=DeferredTask.objects.waiting)]
