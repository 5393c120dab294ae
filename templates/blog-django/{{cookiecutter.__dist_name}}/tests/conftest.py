"""What every test run has: milestones, a clean environment, people to log in as."""

from __future__ import annotations

import shutil
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User


# The same examples on every run, on a machine of any pace.
hypothesis.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--milestone N`: leave out the tests of later milestones."""
    parser.addoption("--milestone", type=int, metavar="N", help="run milestones 1 to N")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Deselect what is marked with a later milestone; an unmarked test always runs."""
    last = config.getoption("milestone")
    marks = {item: item.get_closest_marker("milestone") for item in items}
    later = [
        item for item, mark in marks.items() if last and mark and mark.args[0] > last
    ]
    config.hook.pytest_deselected(items=later)
    items[:] = [item for item in items if item not in later]


def pytest_unconfigure() -> None:
    """Remove the uploads of the run."""
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture(autouse=True)
def _as_after_migrations(request: pytest.FixtureRequest, db: None) -> None:
    """Give each test the database, with the roles and without counters.

    A test that commits ends with all tables empty: the roles that a migration made are
    gone then, so make them again.
    """
    from django.contrib.auth.models import Group

    if request.cls is not None:  # in unittest's style, which may use no database
        return
    cache.clear()
    if not Group.objects.exists():
        roles = import_module("blog.accounts.migrations.0002_roles")
        roles.make_roles(apps, connection.schema_editor())


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
    from tests.factories import UserFactory

    return UserFactory.create(role=role)


@pytest.fixture
def reader_client(client: Client, reader: User) -> Client:
    """Return a browser in which the reader is logged in."""
    client.force_login(reader)
    return client
