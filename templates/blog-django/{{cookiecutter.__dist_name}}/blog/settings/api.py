"""The API: what it accepts, how it answers, how its tokens are signed."""

import re
from datetime import timedelta

from blog.settings.base import SITE
from blog.settings.env import PRODUCTION, refuse, secret, text


def rate(name: str, default: str) -> str:
    """Return the variable, which says how many requests in which time."""
    value = text(name, default)
    if not re.fullmatch(r"[1-9]\d*/(s|sec|m|min|h|hour|d|day)", value):
        refuse(f"{name} must look like 300/min, not {value!r}.")
    return value


REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["blog.api.tokens.TokenAuthentication"],
    # Closed unless a view opens itself.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["blog.api.strict.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "blog.api.access.AnonymousThrottle",
        "blog.api.access.UserThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": rate("API_ANONYMOUS_RATE", "300/min"),
        "user": rate("API_USER_RATE", "600/min"),
    },
    "DEFAULT_SCHEMA_CLASS": "blog.api.schema.Schema",
    "EXCEPTION_HANDLER": "blog.api.errors.handle",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": secret("JWT_SIGNING_KEY"),
    "ISSUER": "blog",
    "AUDIENCE": "blog-api",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    # A token dies with the password that it was given for.
    "CHECK_REVOKE_TOKEN": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": f"{SITE['title']} API",
    "DESCRIPTION": SITE["description"],
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "PostStatus": "blog.posts.models.Post.Status",
        "CommentStatus": "blog.comments.models.Comment.Status",
        "Decision": ["approved", "spam"],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

API_DOCS_FOR_STAFF_ONLY = PRODUCTION

# What a page of another site, if CORS_ALLOWED_ORIGINS names it, may send and see.
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "if-match"]
CORS_EXPOSE_HEADERS = ["etag", "location", "retry-after", "x-request-id"]
