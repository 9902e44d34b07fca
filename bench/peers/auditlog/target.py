"""How the driver sets up and uses the pages of django-auditlog."""

from bench.peers.auditlog import LOCK
from bench.peers.packages import installed
from bench.peers.stock.target import Stock
from bench.target import Ground


class AuditlogPages(Stock):
    name = "auditlog"
    described = "django-auditlog in stock Django admin, CONN_MAX_AGE=None, gunicorn gthread (2 workers, 10 threads)"

    def environment(self, ground: Ground) -> dict[str, str]:
        packages = {
            "PYTHONPATH": str(installed(self.name, LOCK)),
            "DJANGO_SETTINGS_MODULE": "bench.peers.auditlog.pages",
        }
        return {**super().environment(ground), **packages}
