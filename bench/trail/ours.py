"""The product's own settings, with the shop as an additional app."""

from config.settings import *  # noqa: F403  # Django reads settings off one module
from config.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT[:-1], "bench.trail.shop", PRODUCT[-1]]
COUNT_ENTRIES = "SELECT count(*) FROM audit_entry WHERE txid = pg_current_xact_id()::text::bigint"
