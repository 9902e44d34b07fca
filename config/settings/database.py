"""PostgreSQL, as the runtime role, through a pool in each process."""

from config.database import django_settings
from config.settings.env import ENV

PREPARED_STATEMENTS = ENV.prepared_statements == "on"
DATABASES = {"default": django_settings(ENV.database_url.get_secret_value())}
DATABASE_OWNER_URL = ENV.database_owner_url.get_secret_value() if ENV.database_owner_url else None
