"""The settings of a test run: the site's own, with nothing of the developer's."""

import os
import tempfile

os.environ["APP_ENV"] = "test"

from blog.settings import *  # noqa: E402, F403

MEDIA_ROOT = tempfile.mkdtemp(prefix="blog-test-media-")
