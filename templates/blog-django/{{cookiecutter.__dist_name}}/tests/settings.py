"""The settings of a test run: the site's own, with nothing of the developer's."""

import os
import tempfile
from pathlib import Path

os.environ["APP_ENV"] = "test"

from django.contrib.auth.hashers import Argon2PasswordHasher

from blog.settings import *


class QuickHasher(Argon2PasswordHasher):
    """Argon2 without its costs: they protect passwords, of which tests have none."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1


PASSWORD_HASHERS = ["tests.settings.QuickHasher"]

MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="blog-test-media-"))
