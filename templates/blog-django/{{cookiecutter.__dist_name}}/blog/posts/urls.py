"""Addresses of the posts: what readers open, and what authors write with."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib.sitemaps.views import index, sitemap
from django.urls import path

from blog.posts import views_reading, views_writing
from blog.posts.feeds import AtomFeed, RssFeed, sitemaps
from blog.posts.views_reading import conditional_get

urlpatterns = [
    path("", views_reading.home, name="home"),
    path("posts/<slug:slug>/", views_reading.post, name="post"),
    path("tags/<slug:slug>/", views_reading.tag, name="tag"),
    path("authors/<slug:handle>/", views_reading.author, name="author"),
    path("archive/", views_reading.archive, name="archive"),
    path(
        "archive/<int:year>/<int:month>/",
        views_reading.archive_month,
        name="archive_month",
    ),
    path("search/", views_reading.search_posts, name="search"),
    path("feeds/rss.xml", conditional_get(RssFeed()), name="rss"),
    path("feeds/atom.xml", conditional_get(AtomFeed()), name="atom"),
    path("sitemap.xml", index, {"sitemaps": sitemaps, "sitemap_url_name": "sitemap"}),
    path("sitemap-<section>.xml", sitemap, {"sitemaps": sitemaps}, name="sitemap"),
    path("robots.txt", views_reading.robots, name="robots"),
    path("write/", views_writing.dashboard, name="dashboard"),
    path("write/new/", views_writing.edit, name="post_new"),
    path("write/<uuid:public_id>/", views_writing.edit, name="post_edit"),
    path(
        "write/<uuid:public_id>/state/", views_writing.change_state, name="post_state"
    ),
    path(
        "write/<uuid:public_id>/revisions/", views_writing.revisions, name="revisions"
    ),
    path(
        "write/<uuid:public_id>/revisions/<int:number>/",
        views_writing.revision,
        name="revision",
    ),
    path(
        "write/<uuid:public_id>/revisions/<int:number>/restore/",
        views_writing.restore,
        name="revision_restore",
    ),
    # Uploads, in development only: in production nginx serves them.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
