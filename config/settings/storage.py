"""Storage besides the database: static files, the cache, the queue."""

from config.settings.env import ENV
from config.variables import CHECKOUT

STATIC_URL = "/static/"
STATIC_ROOT = None if ENV.is_development else CHECKOUT / "staticfiles"
STATICFILES_DIRS = [CHECKOUT / "static"]
WHITENOISE_USE_FINDERS = ENV.is_development  # a checkout serves its files without collecting them
STORAGES = {
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if ENV.is_development
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    }
}

REDIS_URL = ENV.redis_url.get_secret_value()
CACHES = {
    "default": {
        "BACKEND": "foundation.cache.Cache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "serializer": "foundation.cache.JSONSerializer",
            "socket_connect_timeout": 1,  # seconds
            "socket_timeout": 1,
        },
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_ACCEPT_CONTENT = ["json"]  # not pickle, with which anyone who can write to the broker could run code here
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # unused, and it obeys anyone who can write to the broker
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600  # seconds; each task has limits of its own, none above this one
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,  # seconds, well above the longest time that a message can spend in a worker
    "socket_connect_timeout": 1,  # seconds
    "socket_timeout": 3,  # seconds: a request may wait that long for an unresponsive broker; a worker polls each second
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}  # a request waits for it
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # unlimited
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # messages wait in the queue, where any worker can take them
CELERY_WORKER_POOL = "jobs.pool:TaskPool"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_BEAT_SCHEDULER = "jobs.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5  # seconds
CELERY_BEAT_SCHEDULE = {
    "purge": {"task": "jobs.tasks.purge", "schedule": 3600.0, "options": {"expires": 3500}},  # seconds
    "key-rotation": {"task": "accounts.tasks.rotate_encryption_keys", "schedule": 3600.0, "options": {"expires": 3500}},
    "cut-offs": {"task": "accounts.tasks.confirm_cut_offs", "schedule": 30.0, "options": {"expires": 25}},
    "domains": {"task": "accounts.tasks.check_domains", "schedule": 60.0, "options": {"expires": 55}},
    "overview": {"task": "console.tasks.count_for_overview", "schedule": 300.0, "options": {"expires": 290}},
    "webhooks": {"task": "webhooks.tasks.send_webhooks", "schedule": 5.0, "options": {"expires": 5}},
    "revocation": {"task": "providers.tasks.send_revocations", "schedule": 5.0, "options": {"expires": 5}},
    "deferred-tasks": {"task": "jobs.tasks.run_due_deferred_tasks", "schedule": 10.0, "options": {"expires": 10}},
    "signing-keys": {"task": "authserver.tasks.rotate_signing_keys", "schedule": 600.0, "options": {"expires": 590}},
    "logout-notices": {"task": "authserver.tasks.send_logout_notices", "schedule": 5.0, "options": {"expires": 5}},
    "sealing": {"task": "audit.tasks.seal_entries", "schedule": 30.0, "options": {"expires": 25}},
    "retention": {"task": "audit.tasks.keep_the_trail", "schedule": 3600.0, "options": {"expires": 3500}},
    "bulk": {"task": "accounts.tasks.resume_bulk_actions", "schedule": 60.0, "options": {"expires": 50}},
}
