"""Addresses of the API; a version that breaks what clients know gets another number."""

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

from blog.api import docs, views_auth, views_comments, views_find, views_posts

router = SimpleRouter(trailing_slash=False)
router.register("posts", views_posts.PostViewSet, "api-post")
router.register("comments", views_comments.CommentViewSet, "api-comment")
router.register("tags", views_find.TagViewSet, "api-tag")

cover = views_posts.CoverViewSet.as_view({"put": "update", "delete": "destroy"})
post_comments = views_comments.PostCommentViewSet.as_view(
    {"get": "list", "post": "create"}
)

v1: list[URLPattern | URLResolver] = [
    path("auth/token", views_auth.TokenView.as_view(), name="api-token"),
    path("auth/refresh", views_auth.RefreshView.as_view(), name="api-refresh"),
    path("auth/logout", views_auth.LogoutView.as_view(), name="api-logout"),
    path("auth/logout-all", views_auth.LogoutAllView.as_view(), name="api-logout-all"),
    path("me", views_auth.MeView.as_view(), name="api-me"),
    path("search", views_find.SearchView.as_view(), name="api-search"),
    path("posts/<slug:slug>/cover", cover, name="api-cover"),
    path("posts/<slug:slug>/comments", post_comments, name="api-post-comments"),
    path("", include(router.urls)),
]

urlpatterns = [
    path("v1/", include(v1)),
    path("schema", docs.schema, name="api-schema"),
    path("docs", docs.docs, name="api-docs"),
]
