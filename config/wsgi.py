"""The WSGI application that gunicorn serves."""

import gc
import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Loaded in the parent of the workers, so that they share the memory. Django would do it at the first request.
import_module("config.urls")
import_module("providers.registry").of_environment()
import_module("psycopg_pool")
for page in ("accounts/sign_in.html", "accounts/account.html"):
    get_template(page)

# Exclude all objects so far from collection: the collector would write to their memory pages, and so each worker would
# get its own copy.
gc.collect()
gc.freeze()
