"""Who may do what: a row for each address where an object or a role decides.

`test_a01_broken_access_control.py` plays every row with every role, and fails as long
as an address of ours is missing here. What allauth and the admin mount needs no row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ANYONE = frozenset({"anonymous", "reader", "stranger", "owner", "editor"})
PEOPLE = ANYONE - {"anonymous"}
WRITERS = PEOPLE - {"reader"}
OWNERS = frozenset({"owner", "editor"})
OWNER = frozenset({"owner"})
EDITOR = frozenset({"editor"})
NOBODY = frozenset[str]()

WORDS = {"title": "T", "body": "B"}


@dataclass(frozen=True)
class Rule:
    """`method` at the address `name` is for those in `may` and for nobody else.

    `on` says which objects of the test's world stand in the address.
    """

    name: str
    method: str
    may: frozenset[str]
    on: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join((self.method, self.name, *self.on.values()))


DRAFT, PUBLIC = {"slug": "draft"}, {"slug": "public"}
EDIT, REVISION = {"public_id": "draft_id"}, {"number": "revision"}
COMMENT, SESSION = {"pk": "comment"}, {"pk": "session"}
LATER = {"publish_at": "2999-01-01T00:00:00Z"}
FORM = WORDS | {"version": "0"}

PAGES = [
    Rule("post", "GET", ANYONE, PUBLIC),
    Rule("post", "GET", OWNERS, DRAFT),
    Rule("dashboard", "GET", WRITERS),
    Rule("post_new", "GET", WRITERS),
    Rule("post_new", "POST", WRITERS, body=FORM),
    Rule("post_edit", "GET", OWNERS, EDIT),
    Rule("post_edit", "POST", OWNERS, EDIT, FORM),
    Rule("post_state", "POST", OWNERS, EDIT, {"action": "publish"}),
    Rule("revisions", "GET", OWNERS, EDIT),
    Rule("revision", "GET", OWNERS, EDIT | REVISION),
    Rule("revision_restore", "POST", OWNERS, EDIT | REVISION),
    Rule("comment_add", "POST", PEOPLE, PUBLIC, {"body": "Hi"}),
    Rule("comment_add", "POST", NOBODY, DRAFT, {"body": "Hi"}),
    Rule("comment_delete", "POST", OWNER, COMMENT),
    Rule("moderation", "GET", EDITOR),
    Rule("comment_moderate", "POST", EDITOR, COMMENT, {"action": "approve"}),
    Rule("profile", "GET", PEOPLE),
    Rule("end_session", "POST", OWNER, SESSION),
]
API = [
    Rule("api-logout-all", "POST", PEOPLE),
    Rule("api-me", "GET", PEOPLE),
    Rule("api-me", "PATCH", PEOPLE, body={"bio": "B"}),
    Rule("api-post-list", "GET", ANYONE),
    Rule("api-post-list", "POST", WRITERS, body=WORDS),
    Rule("api-post-detail", "GET", ANYONE, PUBLIC),
    Rule("api-post-detail", "GET", OWNERS, DRAFT),
    *(
        Rule(f"api-post-{name}", method, OWNERS, which, body)
        for which in (DRAFT, PUBLIC)
        for name, method, body in (
            ("detail", "PUT", WORDS),
            ("detail", "PATCH", WORDS),
            ("detail", "DELETE", {}),
            ("revisions", "GET", {}),
            ("archive", "POST", {}),
        )
    ),
    Rule("api-post-publish", "POST", OWNERS, DRAFT),
    Rule("api-post-schedule", "POST", OWNERS, DRAFT, LATER),
    Rule("api-cover", "PUT", OWNERS, PUBLIC, {"file": "picture"}),
    Rule("api-cover", "DELETE", OWNERS, PUBLIC),
    Rule("api-post-comments", "GET", ANYONE, PUBLIC),
    Rule("api-post-comments", "GET", OWNERS, DRAFT),
    Rule("api-post-comments", "POST", PEOPLE, PUBLIC, {"body": "Hi"}),
    Rule("api-comment-detail", "GET", OWNERS, COMMENT),
    Rule("api-comment-detail", "DELETE", OWNERS, COMMENT),
    Rule("api-comment-moderate", "POST", EDITOR, COMMENT, {"status": "approved"}),
    Rule("api-tag-list", "GET", ANYONE),
    Rule("api-search", "GET", ANYONE),
]
# What is the same for everyone, or is only about whoever asks and gives nothing away.
OPEN = {
    *("home", "tag", "author", "archive", "archive_month", "search", "robots"),
    *("rss", "atom", "sitemap", "sitemap.xml", "dev_mail"),
    *("api-token", "api-refresh", "api-logout", "api-tag-detail"),
    *("api-schema", "api-docs", "api/<path:rest>"),
}
