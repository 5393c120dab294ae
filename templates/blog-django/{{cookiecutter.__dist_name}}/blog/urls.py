"""Every address of the site, a line per part. The probes are in `core.middleware`."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from blog.accounts.mailbox import dev_mail
from blog.core import errors

# The admin has no door of its own: one logs in where all do, throttled and with TOTP.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("blog.posts.urls")),
    path("", include("blog.comments.urls")),
    path("accounts/", include("blog.accounts.urls")),
    path("api/", include("blog.api.urls")),
    path("api/<path:rest>", errors.api_not_found),
    path("admin/", admin.site.urls),
    path("dev/mail", dev_mail, name="dev_mail"),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
