"""The door through which gunicorn reaches Django."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

# With this exit code gunicorn stops instead of trying the worker again.
APP_LOAD_ERROR = 4

os.environ["DJANGO_SETTINGS_MODULE"] = "blog.settings"
try:
    application = get_wsgi_application()
except ImproperlyConfigured as refusal:
    sys.stderr.write(f"{refusal}\n")
    sys.exit(APP_LOAD_ERROR)
