"""What every test run has: milestones, a clean environment, people to log in as."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--milestone N`: the tests of the first N milestones, no coverage gate."""
    parser.addoption("--milestone", type=int, metavar="N", help="run milestones 1 to N")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Drop the coverage gate where only a part of the suite is run."""
    coverage = config.pluginmanager.getplugin("_cov")
    if config.getoption("milestone") and coverage:
        coverage.options.cov_fail_under = 0


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Keep the milestones asked for; refuse a test that belongs to none."""
    marks = {item: item.get_closest_marker("milestone") for item in items}
    if missing := [item.nodeid for item, mark in marks.items() if mark is None]:
        message = "@pytest.mark.milestone(n) is missing on: " + ", ".join(missing)
        raise pytest.UsageError(message)
    last = config.getoption("milestone")
    if last:
        later = [item for item, mark in marks.items() if mark and mark.args[0] > last]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


def pytest_unconfigure() -> None:
    """Remove the uploads of the run."""
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture(autouse=True)
def _as_after_migrations(
    request: pytest.FixtureRequest, django_db_serialized_rollback: None
) -> None:
    """Let each test find the roles and no counters, whatever test came before it.

    A test that commits empties all tables of models afterwards: the roles are gone,
    and its throttles' counters stay. Django gives the rows back to the next test of
    that kind only; here the others get them too.
    """
    from django.contrib.auth.models import Group  # noqa: PLC0415 (needs Django set up)

    if request.cls is not None:  # in unittest's style, which may use no database
        return
    cache.clear()
    if not Group.objects.exists():
        database = connections["default"]
        contents = vars(database)["_test_serialized_contents"]
        database.creation.deserialize_db_from_string(contents)


@pytest.fixture
def reader(db: None) -> User:
    """Return someone who may comment."""
    return _person("reader")


@pytest.fixture
def author(db: None) -> User:
    """Return someone who may write posts."""
    return _person("author")


@pytest.fixture
def editor(db: None) -> User:
    """Return someone who may change all posts and moderate comments."""
    return _person("editor")


@pytest.fixture
def admin(db: None) -> User:
    """Return someone who may do everything."""
    return _person("admin")


def _person(role: str) -> User:
    from tests.factories import UserFactory  # noqa: PLC0415 (needs Django set up)

    return UserFactory.create(role=role)


@pytest.fixture
def reader_client(client: Client, reader: User) -> Client:
    """Return a browser in which the reader is logged in."""
    client.force_login(reader)
    return client
