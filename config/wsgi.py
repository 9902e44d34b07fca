"""What gunicorn serves."""

import gc
import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Loaded here, in the parent of the workers, so that they share it; Django alone would do it at the first request.
import_module("config.urls")
import_module("providers.registry").enabled()
import_module("psycopg_pool")
for page in ("accounts/sign_in.html", "accounts/account.html"):
    get_template(page)

# What is here now stays: a collector that went through it would write on every page, and each worker had its own copy.
gc.collect()
gc.freeze()
