"""Feeds, the site map and robots.txt: what programs fetch again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, fromstring

import pytest

from tests.factories import PostFactory, TagFactory, UserFactory

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(6)]

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def fetch(client: Client, address: str) -> Element:
    """Return the parsed document."""
    answer = client.get(address)
    assert answer.status_code == 200
    return fromstring(answer.content)


def test_rss_has_the_newest_posts_in_full(client: Client) -> None:
    """With an identity that outlives a change of address."""
    post = PostFactory.create(
        title="A & B", html="<p>x &lt; y</p>", tags=[TagFactory.create(name="Django")]
    )
    PostFactory.create(status="draft", published_at=None)
    (item,) = fetch(client, "/feeds/rss.xml").findall("channel/item")
    assert item.findtext("title") == "A & B"
    assert item.findtext("description") == "<p>x &lt; y</p>"
    assert item.findtext("guid") == f"urn:uuid:{post.public_id}"
    assert item.findtext("link") == f"http://testserver/posts/{post.slug}/"
    assert item.findtext("category") == "Django"
    answer = client.get("/feeds/rss.xml")
    assert answer["Content-Type"] == "application/rss+xml; charset=utf-8"


def test_atom_says_the_same(client: Client) -> None:
    """And names itself."""
    post = PostFactory.create()
    feed = fetch(client, "/feeds/atom.xml")
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == "http://testserver/feeds/atom.xml"
    assert feed.findtext(f"{ATOM}entry/{ATOM}title") == post.title
    assert feed.findtext(f"{ATOM}entry/{ATOM}author/{ATOM}name") == str(post.author)


@pytest.mark.parametrize("address", ["/feeds/rss.xml", "/feeds/atom.xml"])
def test_an_unchanged_feed_is_not_sent_again(client: Client, address: str) -> None:
    """A new post is."""
    PostFactory.create()
    tag = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    PostFactory.create()
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_feeds_of_an_empty_blog_are_valid(client: Client) -> None:
    """A reader may subscribe before the first post."""
    assert not fetch(client, "/feeds/rss.xml").findall("channel/item")
    assert not fetch(client, "/feeds/atom.xml").findall(f"{ATOM}entry")


def test_the_site_map_leads_to_every_public_post(client: Client) -> None:
    """By an index, as one file has a limit."""
    post = PostFactory.create()
    PostFactory.create(status="archived")
    index = fetch(client, "/sitemap.xml")
    (section,) = [place.text or "" for place in index.iter(f"{MAP}loc")]
    places = [place.text for place in fetch(client, section).iter(f"{MAP}loc")]
    assert places == [f"http://testserver/posts/{post.slug}/"]


def test_robots_are_told_where_to_go(client: Client) -> None:
    """And where not."""
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /write/" in text
    assert "Sitemap: http://testserver/sitemap.xml" in text


@pytest.mark.parametrize("address", ["/feeds/rss.xml", "/feeds/atom.xml"])
def test_no_character_breaks_a_feed(client: Client, address: str) -> None:
    """One that XML forbids is left out, wherever somebody typed it."""
    odd = "b\x08e\x1bl\uffffl"
    tag = TagFactory.create(name=odd)
    author = UserFactory.create(role="author", display_name=odd)
    PostFactory.create(title=odd, html=f"<p>{odd}</p>", tags=[tag], author=author)
    fetch(client, address)
    assert client.get(address).content.count(b"bell") == 4
