"""Stock Django admin with django-auditlog's pages."""

from bench.peers.stock.settings import *  # noqa: F403  # Django reads settings off one module
from bench.peers.stock.settings import INSTALLED_APPS as STOCK

INSTALLED_APPS = [*STOCK, "auditlog"]
ROOT_URLCONF = "bench.peers.auditlog.urls"
