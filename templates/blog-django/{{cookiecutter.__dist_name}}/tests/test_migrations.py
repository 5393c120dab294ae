"""Migrations: they say what the models say, and each can be taken back."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

pytestmark = pytest.mark.milestone(2)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    """`makemigrations` has nothing left to write."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("app", ["posts", "comments"])
def test_migrations_can_be_taken_back(app: str) -> None:
    """To nothing and forward again; the tables go and return."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    try:
        call_command("migrate", app, "zero", verbosity=0)
        with connection.cursor() as cursor:
            left = connection.introspection.table_names(cursor)
        assert not [name for name in left if name.startswith(f"{app}_")]
    finally:
        call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        assert set(connection.introspection.table_names(cursor)) == tables


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_roles_can_be_taken_back() -> None:
    """Their migration removes what it made, and makes it again."""
    call_command("migrate", "accounts", "0001", verbosity=0)
    call_command("migrate", verbosity=0)
