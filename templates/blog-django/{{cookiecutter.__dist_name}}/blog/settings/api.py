"""The API: what it accepts, how it answers, how its tokens are signed."""

from blog.settings.env import secret

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SIMPLE_JWT = {"ALGORITHM": "HS256", "SIGNING_KEY": secret("JWT_SIGNING_KEY")}
