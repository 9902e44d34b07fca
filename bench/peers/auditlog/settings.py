"""The shop with django-auditlog, which records the changes of every model."""

from bench.trail.bare import *  # noqa: F403  # Django reads settings off one module
from bench.trail.bare import INSTALLED_APPS as BARE

INSTALLED_APPS = [*BARE, "auditlog"]
AUDITLOG_INCLUDE_TRACKING_MODELS = ("shop.Item", {"model": "shop.Customer", "mask_fields": ["password"]})
COUNT_ENTRIES = "SELECT count(*) FROM auditlog_logentry"
