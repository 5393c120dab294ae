"""The settings of a test run: the site's own, with nothing of the developer's."""

import os
import tempfile

os.environ["APP_ENV"] = "test"

from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402

from blog.settings import *  # noqa: E402, F403


class QuickHasher(Argon2PasswordHasher):
    """Argon2 without its costs: they protect passwords, of which tests have none."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1


PASSWORD_HASHERS = ["tests.settings.QuickHasher"]

MEDIA_ROOT = tempfile.mkdtemp(prefix="blog-test-media-")
