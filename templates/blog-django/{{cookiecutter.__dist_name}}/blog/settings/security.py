"""Defaults that protect: secrets, hosts, cookies, headers, limits."""

from blog.settings.env import PRODUCTION, env, secret

SECRET_KEY = secret("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
