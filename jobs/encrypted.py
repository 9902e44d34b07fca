"""What of the jobs is encrypted."""

from jobs.deferred.worker import PURPOSE
from jobs.key_rotation import Encrypted, register
from jobs.models import Errand

register(Encrypted(rows=Errand.objects.waiting, column="content", owner=lambda row: row.pk, purpose=PURPOSE))
