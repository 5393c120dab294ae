"""What the blog's pages cost with 1,000 and with 100,000 posts, on a PostgreSQL started for it.

    python benchmarks/blog.py [--seconds 4]

Generates a blog with the `scaffold` beside this Python, fills it, and serves it with gunicorn as in
production. Home, post and search pages are asked for in turn, the two sizes interleaved; what is told
is requests per second, queries per request, and the cost of a request at 100,000 posts as a ratio to
that at 1,000. Aim: at most 1.3.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from served import ROOT, ROUNDS, SECRET, generated, gunicorn

from tests.templates.harness import servers, tools
from tests.templates.harness.processes import run
from tests.templates.harness.projects import Project
from tests.templates.harness.waiting import free_port

SIZES = (1_000, 100_000)
PAGES = {
    "home": "/",
    "post": "/posts/post-700/",
    "search, rare word": "/search/?q=quokka",
    "search, common word": "/search/?q=river",
}

FILL = """
import json, sys, django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from blog.accounts.models import User
from blog.posts.models import Post, Tag

size = int(sys.argv[1])
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
authors = [User.objects.create_user(f"a{n}@example.com", "x" * 20, display_name=f"A {n}") for n in range(10)]
tags = [Tag.objects.create(name=f"tag {n}", slug=f"tag-{n}") for n in range(20)]
now = timezone.now()
words = "river stone light winter garden letter window paper morning train harbour music".split()

def text(n):
    said = [words[(n * 7 + i * i) % len(words)] for i in range(180)]
    # The same 50 posts hold the rare word at either size.
    return " ".join([*said, "quokka"] if n < 50 else said)

for start in range(0, size, 5000):
    made = Post.objects.bulk_create(
        Post(
            author=authors[n % 10], title=f"Post {n} on {words[n % 12]}", slug=f"post-{n}",
            summary=f"What {n} is about", body=text(n), text=text(n), html=f"<p>{text(n)}</p>",
            status=Post.Status.PUBLISHED, published_at=now - timedelta(minutes=n + 1),
        )
        for n in range(start, min(start + 5000, size))
    )
    Through = Post.tags.through
    Through.objects.bulk_create(
        Through(post_id=post.pk, tag_id=tags[(post.pk + more) % 20].pk) for post in made for more in range(2)
    )
with connection.cursor() as cursor:
    cursor.execute("VACUUM ANALYZE")
"""

QUERIES = """
import json, sys, django
django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

client = Client(headers={"host": "localhost", "x-forwarded-proto": "https"})
counts = {}
for path in json.loads(sys.argv[1]):
    for _ in range(2):  # the first one may fill caches
        with CaptureQueriesContext(connection, ) as seen:
            answer = client.get(path, secure=True)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers)
    counts[path] = len(seen)
print(json.dumps(counts))
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A blog of some size that is being served."""

    size: int
    port: int
    queries: dict[str, int]


@contextmanager
def serving(project: Project, size: int, database: servers.Database) -> Iterator[Site]:
    """Fill a database of its own and serve the blog on it."""
    url = database.url.replace("/postgres", f"/blog_{size}")
    port = free_port()
    settings = {
        "APP_ENV": "production",
        "DJANGO_SECRET_KEY": SECRET,
        "JWT_SIGNING_KEY": SECRET[::-1],
        "DATABASE_URL": url,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "blog.settings",
        "DEFAULT_FROM_EMAIL": "blog@example.com",
        "EMAIL_URL": "smtp://localhost:25",
        "LOG_LEVEL": "ERROR",
        "WEB_CONCURRENCY": "1",
    }
    program = tools.postgres()
    if not program:
        sys.exit("no PostgreSQL")
    run([f"{program}/psql", database.url, "-qc", f"CREATE DATABASE blog_{size}"], ROOT).good()
    words = [project.uv, "run", "python", "-c"]
    env = project.env(**settings)
    run([*words, FILL, str(size)], project.path, env, timeout=1800).good()
    run([project.uv, "run", "python", "manage.py", "collectstatic", "--noinput"], project.path, env).good()
    paths = json.dumps(list(PAGES.values()))
    counted = run([*words, QUERIES, paths], project.path, env).good()
    queries = json.loads(counted.out.splitlines()[-1])
    with gunicorn(project, "blog.gunicorn", "blog.wsgi", port, env):
        yield Site(size, port, queries)


def cost(site: Site, path: str, seconds: float) -> float:
    """Return the seconds that one request costs, asked one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https"}
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds or not done:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            sys.exit(f"{path} gave {answer.status}")
        done += 1
    spent = time.perf_counter() - start
    connection.close()
    return spent / done


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=4, help="per page and size")
    seconds = parser.parse_args().seconds / ROUNDS
    programs = tools.postgres()
    if not programs:
        sys.exit("This needs PostgreSQL's server programs.")
    with ExitStack() as stack:
        project = stack.enter_context(generated("blog-django"))
        database = stack.enter_context(servers.postgresql(programs))
        small, large = (stack.enter_context(serving(project, size, database)) for size in SIZES)
        print(f"{'page':<20} {'req/s at 1,000':>15} {'at 100,000':>11} {'cost ratio':>11} {'queries':>9}")
        for page, path in PAGES.items():
            for site in (small, large):
                cost(site, path, 0.2)
            # Interleaved, so that what else this machine does meets both alike.
            pairs = [(cost(small, path, seconds), cost(large, path, seconds)) for _ in range(ROUNDS)]
            one, other = (statistics.median(column) for column in zip(*pairs, strict=True))
            counts = f"{small.queries[path]} / {large.queries[path]}"
            print(
                f"{page:<20} {1 / one:>15.0f} {1 / other:>11.0f} {other / one:>11.2f} {counts:>9}", flush=True
            )


if __name__ == "__main__":
    os.umask(0o022)
    main()
