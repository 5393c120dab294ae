"""The parts of the site: apps, middleware, templates, files, languages."""

import tomllib

from blog.settings.accounts import SOCIAL_PROVIDER_APPS
from blog.settings.env import (
    APP_ENV,
    BASE_DIR,
    PRODUCTION,
    flag,
    number,
    port,
    refuse,
    text,
)

SITE = tomllib.loads((BASE_DIR / "blog/site.toml").read_text(encoding="utf-8"))

ENVIRONMENT = APP_ENV
DEBUG = flag("DEBUG", default=APP_ENV == "development")
if DEBUG and PRODUCTION:
    refuse("DEBUG must be off in production: it shows the insides to everyone.")
ROOT_URLCONF = "blog.urls"
WSGI_APPLICATION = "blog.wsgi.application"
PORT = port("PORT", 8000)
WEB_CONCURRENCY = number("WEB_CONCURRENCY", 2) or refuse(
    "WEB_CONCURRENCY must be at least 1."
)

INSTALLED_APPS = [
    "blog.core",
    "blog.accounts",
    "blog.posts",
    "blog.comments",
    "blog.api",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    *SOCIAL_PROVIDER_APPS,
    "axes",
    "corsheaders",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

# From the outside in. Ours come first: what they refuse, nothing else has to read.
MIDDLEWARE = [
    "blog.core.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "blog.core.middleware.permissions_policy",
    "blog.core.middleware.probes",
    "blog.core.middleware.BodyLimit",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "blog.core.middleware.session_cookie",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "blog/templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "blog.core.context_processors.site",
            ]
        },
    }
]

LANGUAGE_CODE = SITE["language"]
TIME_ZONE = SITE["time_zone"]
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "data/static"
STATICFILES_DIRS = [BASE_DIR / "blog/static"]
MEDIA_URL = "media/"
MEDIA_ROOT = BASE_DIR / text("MEDIA_ROOT", "data/media")
READY_SECONDS = 2
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Outside production files are served from where they are written, as they are now.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = not PRODUCTION
