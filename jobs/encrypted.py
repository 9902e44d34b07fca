"""What of the jobs is encrypted."""

from foundation.declarations import Encrypted
from jobs.deferred.worker import PURPOSE
from jobs.models import Errand

DECLARATIONS = [Encrypted("jobs.Errand", column="content", purpose=PURPOSE, rows=Errand.objects.waiting)]
