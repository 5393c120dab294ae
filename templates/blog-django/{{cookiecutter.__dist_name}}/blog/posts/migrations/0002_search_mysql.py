"""Give MySQL and MariaDB the FULLTEXT indexes that the search uses.

On other databases (SQLite in development) this does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INDEXES = {"post_search": "title, summary, text", "post_search_title": "title"}


def add(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add the indexes."""
    if schema_editor.connection.vendor == "mysql":
        for name, columns in INDEXES.items():
            schema_editor.execute(
                f"CREATE FULLTEXT INDEX {name} ON posts_post ({columns})"
            )


def remove(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the indexes."""
    if schema_editor.connection.vendor == "mysql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX {name} ON posts_post")


class Migration(migrations.Migration):
    atomic = False  # these servers cannot take an index back with the transaction
    dependencies = [("posts", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
