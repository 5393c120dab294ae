"""Django's settings: one file per subject, and the environment decides."""

from blog.settings.accounts import *  # noqa: F403
from blog.settings.api import *  # noqa: F403
from blog.settings.base import *  # noqa: F403
from blog.settings.database import *  # noqa: F403
from blog.settings.logs import *  # noqa: F403
from blog.settings.mail import *  # noqa: F403
from blog.settings.security import *  # noqa: F403
