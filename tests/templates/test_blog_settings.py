"""The blog's settings as people give them: database URLs, `.env`, folders, other projects' variables."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness.processes import Done
from .harness.projects import Project
from .harness.servers import Database

MANAGE = ("python", "manage.py")
ODD = ["C# course", "what? is", "100% %20 done", "a b & 'c'"]


@pytest.fixture(scope="module")
def blog(project: Callable[..., Project]) -> Project:
    """The blog with the defaults."""
    return project()


@pytest.fixture(scope="module")
def mysql_blog(project: Callable[..., Project]) -> Project:
    """The blog made for MySQL and MariaDB."""
    return project(database="mysql")


@pytest.fixture
def env(blog: Project) -> Iterator[Path]:
    """The blog's `.env`, which is put back afterwards."""
    path = blog.path / ".env"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


def query(blog: Project, statement: str, url: str) -> Done:
    """Run a statement on the database of that URL and print the first row."""
    code = "from django.db import connection as c; k = c.cursor(); "
    code += f"k.execute({statement!r}); print(k.fetchone())"
    return blog.run(*MANAGE, "shell", "-v", "0", "-c", code, DATABASE_URL=url)


def setting(blog: Project, name: str, **extra: str) -> str:
    """Return a setting as the project has it."""
    code = f"from django.conf import settings; print(settings.{name})"
    words = (*MANAGE, "shell", "-v", "0", "-c", code)
    return blog.run(*words, timeout=600, **extra).good().out.strip()


def refused(done: Done, *words: str) -> None:
    """Assert that it ended with one sentence that has these words."""
    assert done.code == 1, done.text
    (sentence,) = done.text.strip().splitlines()[-1:]
    assert "Traceback" not in done.text
    for word in words:
        assert word in sentence


def test_postgresql_takes_the_options_of_its_url(blog: Project, postgresql: Database) -> None:
    """Options of the URL count: TLS that the server lacks is demanded, a name and a schema are set."""
    for tls in ("sslmode=require", "sslmode=verify-full", "ssl=true"):
        done = query(blog, "SELECT 1", f"{postgresql.url}?{tls}")
        assert done.code != 0
        assert "SSL" in done.text
    url = f"{postgresql.url}?sslmode=disable&application_name=a%20blog"
    assert "('a blog',)" in query(blog, "SHOW application_name", url).good().out


def test_postgresql_options_keep_the_time_limits(blog: Project, postgresql: Database) -> None:
    """Server options of the URL come beside ours, not in their place."""
    url = f"{postgresql.url}?options=-c%20search_path%3Dlibrary"
    assert "('library',)" in query(blog, "SHOW search_path", url).good().out
    assert "('15s',)" in query(blog, "SHOW statement_timeout", url).good().out


def test_postgresql_host_may_be_an_option(blog: Project, postgresql: Database) -> None:
    """The folder of a socket, as some hosts give it, is where it connects to."""
    address, _, port = postgresql.url.rpartition("/")[0].rpartition(":")
    login = address.partition("@")[0]
    url = f"{login}@/postgres?host={postgresql.server.folder}&port={port}"
    assert "(None,)" in query(blog, "SELECT inet_server_addr()", url).good().out


@pytest.mark.parametrize("option", ["pgbouncer=true", "sslmod=require", "sslmode"])
def test_postgresql_refuses_unknown_options(blog: Project, option: str) -> None:
    """An option that the driver does not know is refused in one sentence."""
    done = query(blog, "SELECT 1", f"postgresql://blog:x@127.0.0.1:1/blog?{option}")
    refused(done, "DATABASE_URL", "option", option.partition("=")[0])


def test_mysql_takes_the_options_of_its_url(mysql_blog: Project, mariadb: Database) -> None:
    """TLS is off, demanded or verified as the URL says."""
    cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
    plain = query(mysql_blog, cipher, f"{mariadb.url}?ssl-mode=DISABLED").good().out
    assert "('Ssl_cipher', '')" in plain
    offered = "''" not in query(mysql_blog, cipher, mariadb.url).good().out
    done = query(mysql_blog, cipher, f"{mariadb.url}?ssl-mode=REQUIRED")
    if offered:
        assert "''" not in done.good().out
    else:
        assert "SSL" in done.text
        assert done.code != 0
    # A CA that did not sign the server's certificate.
    bundle = mysql_blog.run("python", "-m", "certifi").good().out.strip()
    for mode in ("ssl-mode=VERIFY_IDENTITY&", "sslmode=verify-ca&", ""):
        done = query(mysql_blog, cipher, f"{mariadb.url}?{mode}ssl-ca={bundle}")
        assert done.code != 0
        assert "SSL" in done.text
    url = f"{mariadb.url}?charset=utf8mb4&connect_timeout=3&read_timeout=9"
    assert "(1,)" in query(mysql_blog, "SELECT 1", url).good().out


@pytest.mark.parametrize(
    "option", ["sslaccept=strict", "ssl-mode=PERHAPS", "ssl-mode=VERIFY_CA", "connect_timeout=soon"]
)
def test_mysql_refuses_unknown_options(mysql_blog: Project, option: str) -> None:
    """An option that cannot be honoured is refused in one sentence."""
    done = query(mysql_blog, "SELECT 1", f"mysql://blog:x@127.0.0.1:1/blog?{option}")
    refused(done, "DATABASE_URL", option.partition("=")[0])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_env_in_every_encoding(blog: Project, env: Path, encoding: str) -> None:
    """The first line counts, also behind a byte-order mark."""
    env.write_text("DEFAULT_FROM_EMAIL=zoë@example.com\nPORT=8123\n", encoding=encoding)
    assert setting(blog, "DEFAULT_FROM_EMAIL") == "zoë@example.com"
    assert setting(blog, "PORT") == "8123"


def test_env_in_another_encoding_is_refused(blog: Project, env: Path) -> None:
    """A code page is named, not guessed."""
    env.write_bytes("DEFAULT_FROM_EMAIL=zoë@example.com\n".encode("cp1252"))
    refused(blog.run(*MANAGE, "check"), ".env", "UTF-8")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("export DEFAULT_FROM_EMAIL=a@b.example", "a@b.example"),
        ("  DEFAULT_FROM_EMAIL = a@b.example  ", "a@b.example"),
        ("DEFAULT_FROM_EMAIL=a@b.example # ours", "a@b.example"),
        ('DEFAULT_FROM_EMAIL="a@b.example" # ours', "a@b.example"),
        ("DEFAULT_FROM_EMAIL='A # b <a@b.example>'", "A # b <a@b.example>"),
        ("DEFAULT_FROM_EMAIL=a#1@b.example", "a#1@b.example"),
        ('DEFAULT_FROM_EMAIL="A \\"b\\" <a@b.example>"', 'A "b" <a@b.example>'),
        ("#DEFAULT_FROM_EMAIL=no@b.example", "blog@localhost"),
        ("DEFAULT_FROM_EMAIL=no@b.example\nDEFAULT_FROM_EMAIL=a@b.example", "a@b.example"),
    ],
)
def test_env_lines(blog: Project, env: Path, line: str, value: str) -> None:
    """`export`, quotes, blanks and comments are read as a shell reads them."""
    env.write_text(f"{line}\r\nPORT=8123\r\n", encoding="utf-8", newline="")
    assert setting(blog, "DEFAULT_FROM_EMAIL") == value
    assert setting(blog, "PORT") == "8123"


def test_every_default_of_the_example_can_be_uncommented(blog: Project, env: Path) -> None:
    """With each commented line in force the site's database opens and its checks pass."""
    lines = (blog.path / ".env.example").read_text(encoding="utf-8").splitlines()
    shown = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
    shown = [line for line in shown if line.partition("=")[0].isupper() and " " not in line]
    names = {line.partition("=")[0] for line in shown}
    assert {"ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "LOG_LEVEL"} <= names
    shutil.rmtree(blog.path / "data", ignore_errors=True)
    env.write_text("\n".join(shown) + "\n", encoding="utf-8")
    blog.run(*MANAGE, "migrate").good()
    assert (blog.path / "data/db.sqlite3").is_file()


@pytest.mark.parametrize("name", ODD)
def test_database_stays_in_the_project(blog: Project, tmp_path: Path, name: str) -> None:
    """Whatever characters the folder has, the database is in its `data`, and nothing is beside it."""
    kept = shutil.ignore_patterns(".venv", "data", "__pycache__")
    folder = tmp_path / name / "my-blog"
    shutil.copytree(blog.path, folder, ignore=kept)
    moved = Project(folder, blog.answers, blog.uv, blog.python, blog.venv)
    moved.run(*MANAGE, "migrate").good()
    assert (folder / "data/db.sqlite3").stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert [path.name for path in (tmp_path / name).iterdir()] == ["my-blog"]


def test_variables_of_other_projects_do_not_matter(blog: Project) -> None:
    """Another project's settings module and a safe path leave commands and tests as they are."""
    other = {"DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONSAFEPATH": "1"}
    blog.run(*MANAGE, "check", timeout=600, **other).good()
    done = blog.run("poe", "test", "tests/test_feeds.py", "-k", "rss", timeout=600, **other).good()
    assert " passed" in done.text


def test_log_level_in_either_case(blog: Project) -> None:
    """`debug` is `DEBUG`, and what is no level is refused."""
    for level in ("debug", "Debug", "DEBUG"):
        assert setting(blog, "LOG_LEVEL", LOG_LEVEL=level).splitlines()[-1] == "DEBUG"
    refused(blog.run(*MANAGE, "check", LOG_LEVEL="loud"), "LOG_LEVEL", "INFO")


@pytest.mark.parametrize("value", ["auto", "0", "-1", "2.5"])
def test_number_of_workers_is_refused_in_one_sentence(blog: Project, value: str) -> None:
    """`WEB_CONCURRENCY` must be a number of workers; the migration of the stack says so."""
    refused(blog.run(*MANAGE, "migrate", WEB_CONCURRENCY=value), "WEB_CONCURRENCY")


def test_the_image_refuses_it_too(blog: Project) -> None:
    """What the image runs says the sentence as well, before gunicorn reads the variable itself."""
    dockerfile = (blog.path / "Dockerfile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    refused(blog.run(*json.loads(command), timeout=60, WEB_CONCURRENCY="auto"), "WEB_CONCURRENCY")
