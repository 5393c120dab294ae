"""Every address of the site, a line per part."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("blog.core.urls")),
    path("", include("blog.posts.urls")),
    path("", include("blog.comments.urls")),
    path("accounts/", include("blog.accounts.urls")),
    path("api/", include("blog.api.urls")),
    path("admin/", admin.site.urls),
]
