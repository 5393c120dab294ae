"""Defaults that protect: secrets, hosts, cookies, headers, limits."""

from datetime import timedelta

from django.utils.csp import CSP

from blog.settings.accounts import SOCIAL_ORIGINS
from blog.settings.env import PRODUCTION, items, number, refuse, required, secret

SECRET_KEY = secret("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = required("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
ALLOWED_HOSTS = [host.strip() for host in ALLOWED_HOSTS]
if PRODUCTION and "*" in ALLOWED_HOSTS:
    refuse("ALLOWED_HOSTS must name the hosts in production, not be *.")
CSRF_TRUSTED_ORIGINS = items("CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = items("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"

# How many proxies of ours stand in front. Each adds the address it was called from
# to X-Forwarded-For; with none, what a client says in such headers is not believed.
NUM_PROXIES = number("NUM_PROXIES", 0)
if NUM_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

MAX_JSON_BYTES = 1024 * 1024
MAX_BODY_BYTES = 6 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF, *SOCIAL_ORIGINS],
}
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

# A browser takes a cookie named __Host-… only over HTTPS and only from this host.
COOKIE_PREFIX = "__Host-" if PRODUCTION else ""
SESSION_COOKIE_NAME = COOKIE_PREFIX + "sessionid"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
CSRF_COOKIE_NAME = COOKIE_PREFIX + "csrftoken"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "blog.core.errors.csrf_failure"
