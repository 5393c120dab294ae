"""Who may come in: users, passwords, sign-up, sessions, throttling, social login."""

from datetime import timedelta
from typing import Any

from blog.settings.env import PRODUCTION, TESTING, text

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation"
        ".UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "handle", "display_name")},
    },
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=1).total_seconds())

ACCOUNT_ADAPTER = "blog.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "blog.accounts.adapter.display_name"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "blog.accounts.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
# Failed logins are counted by django-axes, below, for form and API alike; what else
# is here limited by default (second factor, reset, sign-up) counts in the cache.
ACCOUNT_RATE_LIMITS = {"login": None}

MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
# The codes before and after count too: typing takes time, and clocks differ.
# Source: RFC 6238, section 5.2.
MFA_TOTP_TOLERANCE = 1

AXES_HANDLER = "blog.accounts.throttle.LoginHandler"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_CALLABLE = "blog.accounts.throttle.locked_out"
AXES_USERNAME_CALLABLE = "blog.accounts.throttle.login_name"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
# An address may be a whole class room behind one router: it is given more patience.
ADDRESS_FAILURE_LIMIT = 50

SOCIALACCOUNT_ADAPTER = "blog.accounts.adapter.SocialAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {}
SOCIAL_PROVIDER_APPS: list[str] = []
# Where the form that starts a social login is redirected to; the CSP has to allow it.
SOCIAL_ORIGINS: list[str] = []
for provider, origin in (
    ("github", "https://github.com"),
    ("google", "https://accounts.google.com"),
):
    client_id = text(f"{provider.upper()}_CLIENT_ID")
    client_secret = text(f"{provider.upper()}_CLIENT_SECRET")
    if client_id and client_secret:
        SOCIAL_PROVIDER_APPS.append(f"allauth.socialaccount.providers.{provider}")
        SOCIAL_ORIGINS.append(origin)
        SOCIALACCOUNT_PROVIDERS[provider] = {
            "APPS": [{"client_id": client_id, "secret": client_secret}],
            "OAUTH_PKCE_ENABLED": True,
        }
if TESTING:
    SOCIAL_PROVIDER_APPS.append("allauth.socialaccount.providers.openid_connect")
