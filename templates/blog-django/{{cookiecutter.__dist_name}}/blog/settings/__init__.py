"""Django's settings: one file per subject, and the environment decides."""

from blog.settings.accounts import *
from blog.settings.api import *
from blog.settings.base import *
from blog.settings.database import *
from blog.settings.logs import *
from blog.settings.mail import *
from blog.settings.security import *
