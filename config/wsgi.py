"""What gunicorn serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Loaded here, in the parent of the workers, so that they share it; Django alone would do it at the first request.
import_module("config.urls")
import_module("providers.registry").enabled()
