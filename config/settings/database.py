"""PostgreSQL, in the runtime role, through a pool in each process."""

from config.database import django_settings
from config.settings.env import TOLD

DATABASES = {"default": django_settings(TOLD.database_url.get_secret_value())}
DATABASE_OWNER_URL = TOLD.database_owner_url.get_secret_value() if TOLD.database_owner_url else None
