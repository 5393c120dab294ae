"""A small browser without JavaScript, based on the standard library: cookies, links and forms."""

import http.cookiejar
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: the address after redirects, the status, the headers and the body."""

    url: str
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def kind(self) -> str:
        """The media type, without parameters."""
        return self.headers.get_content_type()

    def json(self) -> object:
        """Return the body, parsed as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Form:
    """A form of a page: its action, method and fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def named(self, kind: str) -> str:
        """Return the name of the first field of that type."""
        return next(name for name, value in self.kinds.items() if value == kind)


class Page(HTMLParser):
    """The links, feeds and forms of a page, without those inside a `<template>`."""

    def __init__(self, answer: Answer) -> None:
        """Parse the page."""
        super().__init__()
        self.base = answer.url
        self.links: list[str] = []
        self.feeds: dict[str, str] = {}
        self.forms: list[Form] = []
        self._select = ""
        self._area = ""
        self._waits = False
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record links, feeds, forms and fields."""
        given = {name: value or "" for name, value in attrs}
        self._waits |= tag == "template"
        if self._waits:
            return
        if tag == "a" and "href" in given:
            self.links.append(urldefrag(urljoin(self.base, given["href"])).url)
        elif tag == "link" and given.get("rel") == "alternate":
            self.feeds[given.get("type", "")] = urljoin(self.base, given["href"])
        elif tag == "form":
            action = urljoin(self.base, given.get("action") or self.base)
            self.forms.append(Form(action, given.get("method", "get").lower()))
        elif self.forms:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self.forms[-1], given.get("name", "")
        if tag == "option" and self._select:
            if "selected" in given or self._select not in form.fields:
                form.fields[self._select] = given.get("value", "")
        elif name and tag in {"input", "textarea", "select"}:
            kind = given.get("type", "text") if tag == "input" else tag
            form.kinds[name] = kind
            self._select = name if tag == "select" else ""
            self._area = name if tag == "textarea" else ""
            if tag == "textarea":
                form.fields[name] = ""
            elif kind in {"checkbox", "radio"} and "checked" not in given:
                pass
            elif tag == "input" and kind not in {"submit", "file"}:
                form.fields[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        """Record the content of a text area."""
        if self._area:
            self.forms[-1].fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        """End a text area, a list of options, or a template."""
        if tag == "template":
            self._waits = False
        elif tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""

    def form_with(self, kind: str) -> Form:
        """Return the form that has a field of that type, such as `password`."""
        for form in self.forms:
            if kind in form.kinds.values():
                return form
        found = [form.kinds for form in self.forms]
        message = f"no form with a {kind} field on {self.base}, only {found}"
        raise AssertionError(message)


class Browser:
    """Keeps cookies and follows redirects, as a real browser does."""

    def __init__(self, base: str, *, trust: ssl.SSLContext | None = None) -> None:
        """Start at `base`, with no cookies."""
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self.cookies),
            urllib.request.HTTPSHandler(context=trust),
        )

    def open(
        self,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answer:
        """Fetch a path or URL, and return the response even if it is an error."""
        url = urljoin(self.base, path)
        request = urllib.request.Request(  # noqa: S310 - addresses of our own servers
            url, data, dict(headers or {}), method=method
        )
        try:
            with self._opener.open(request, timeout=30) as reply:
                return Answer(reply.url, reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.url, error.code, error.headers, error.read())

    def submit(self, form: Form, **values: str) -> Answer:
        """Send the form with these values filled in."""
        query = urlencode(form.fields | values)
        if form.method == "get":
            return self.open(f"{form.action.partition('?')[0]}?{query}")
        # Over TLS, Django checks the Referer of a form.
        headers = {"Referer": form.action}
        return self.open(form.action, query.encode(), headers)

    def post_json(self, path: str, value: object, **headers: str) -> Answer:
        """Send a JSON body."""
        sent = {"Content-Type": "application/json", **headers}
        return self.open(path, json.dumps(value).encode(), sent)

    def crawl(self, start: str = "/", most: int = 150) -> Iterator[Answer]:
        """Follow every link of this site, breadth first; yield each answer once."""
        queue, seen = [urljoin(self.base, start)], {urljoin(self.base, start)}
        while queue and most:
            answer = self.open(queue.pop(0))
            most -= 1
            yield answer
            if answer.kind != "text/html":
                continue
            for link in Page(answer).links:
                here = urlsplit(link).netloc == urlsplit(self.base).netloc
                if here and link not in seen and "logout" not in link:
                    seen.add(link)
                    queue.append(link)
