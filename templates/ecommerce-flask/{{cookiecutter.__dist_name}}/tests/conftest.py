"""What every test run has: milestones, one real MongoDB, a fresh application."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["APP_ENV"] = "test"  # before anything of the shop reads it
os.environ["no_proxy"] = "127.0.0.1"  # a proxy does not know the way to this machine

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pymongo import MongoClient

from shop.accounts import passwords
from shop.accounts.services import create_user
from shop.app import create_app
from shop.database.collections import prepare
from shop.database.local import private_replica_set
from shop.settings import load
from tests.factories import log_in, make_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

server = contextlib.ExitStack()
# The same examples on every run, on a machine of any pace.
hypothesis_settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--milestone N`, which runs the tests of the first N milestones."""
    parser.addoption("--milestone", type=int, metavar="N", help="run milestones 1 to N")


def pytest_configure(config: pytest.Config) -> None:
    """Start one MongoDB for all workers."""
    is_worker = hasattr(config, "workerinput")
    if (
        not is_worker
        and not config.option.collectonly
        and not os.environ.get("MONGODB_URI")
    ):
        folder = server.enter_context(tempfile.TemporaryDirectory(prefix="shop-test-"))
        os.environ["MONGODB_URI"] = server.enter_context(
            private_replica_set(Path(folder))
        )


def pytest_unconfigure() -> None:
    """Stop that MongoDB."""
    server.close()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Deselect the tests of later milestones. A test without a mark always runs."""
    if last := config.getoption("milestone"):
        marks = {item: item.get_closest_marker("milestone") for item in items}
        later = {item for item, mark in marks.items() if mark and mark.args[0] > last}
        config.hook.pytest_deselected(items=list(later))
        items[:] = [item for item in items if item not in later]


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """Return the settings of the run, with a database of this worker alone."""
    name = f"shop_test_{secrets.token_hex(4)}"
    made = load(os.environ | {"MONGODB_NAME": name})
    with MongoClient[dict[str, object]](made.mongodb_uri) as client:
        prepare(client[name])
        yield made
        client.drop_database(name)


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Return what makes an application of these settings, with the changes given."""
    with contextlib.ExitStack() as stack:

        def make(**changes: Any) -> Flask:
            app = create_app(replace(settings, **changes))
            stack.callback(app.extensions["shop"].client.close)
            return app

        yield make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """Return an application on an empty database."""
    made = make_app()
    yield made
    db = made.extensions["shop"].db
    for name in db.list_collection_names():
        db[name].delete_many({})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client of that application, without a socket."""
    return app.test_client()


@pytest.fixture
def db(app: Flask) -> Database[Document]:
    """Return the database of that application."""
    found: Database[Document] = app.extensions["shop"].db
    return found


@pytest.fixture
def as_role(app: Flask, db: Database[Document]) -> Callable[[str], dict[str, str]]:
    """Return what gives the headers of somebody new with a role."""
    return lambda role: log_in(app, make_user(db, role))


@pytest.fixture
def as_user(app: Flask, db: Database[Document]) -> Callable[[str], dict[str, str]]:
    """Return what gives the headers of the user with an address."""
    return lambda email: log_in(app, db.users.find_one({"email": email})["_id"])  # type: ignore[index]  # it is there


@pytest.fixture
def member(db: Database[Document]) -> Callable[[], dict[str, str]]:
    """Return what makes a customer, and gives what a login of theirs needs."""

    def make() -> dict[str, str]:
        email, password = f"{secrets.token_hex(4)}@example.com", "correct horse"
        hashed = passwords.hasher.hash(password)
        create_user(db, email=email, name="Mem", hashed=hashed, verified=True)
        return {"email": email, "password": password}

    return make
