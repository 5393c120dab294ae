"""What is written down: readable lines in development, JSON in production."""

from blog.settings.env import env

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
