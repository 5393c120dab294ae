"""Addresses of the posts: what readers open, and what authors write with."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib.sitemaps.views import index, sitemap
from django.urls import path

from blog.posts import reading, writing
from blog.posts.feeds import AtomFeed, RssFeed, sitemaps
from blog.posts.pages import fresh

urlpatterns = [
    path("", reading.home, name="home"),
    path("posts/<slug:slug>/", reading.post, name="post"),
    path("tags/<slug:slug>/", reading.tag, name="tag"),
    path("authors/<slug:handle>/", reading.author, name="author"),
    path("archive/", reading.archive, name="archive"),
    path(
        "archive/<int:year>/<int:month>/", reading.archive_month, name="archive_month"
    ),
    path("search/", reading.search_posts, name="search"),
    path("feeds/rss.xml", fresh(RssFeed()), name="rss"),
    path("feeds/atom.xml", fresh(AtomFeed()), name="atom"),
    path("sitemap.xml", index, {"sitemaps": sitemaps, "sitemap_url_name": "sitemap"}),
    path("sitemap-<section>.xml", sitemap, {"sitemaps": sitemaps}, name="sitemap"),
    path("robots.txt", reading.robots, name="robots"),
    path("write/", writing.dashboard, name="dashboard"),
    path("write/new/", writing.edit, name="post_new"),
    path("write/<uuid:public_id>/", writing.edit, name="post_edit"),
    path("write/<uuid:public_id>/state/", writing.change_state, name="post_state"),
    path("write/<uuid:public_id>/revisions/", writing.revisions, name="revisions"),
    path(
        "write/<uuid:public_id>/revisions/<int:number>/",
        writing.revision,
        name="revision",
    ),
    path(
        "write/<uuid:public_id>/revisions/<int:number>/restore/",
        writing.restore,
        name="revision_restore",
    ),
    # Uploads, in development only: in production nginx serves them.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
