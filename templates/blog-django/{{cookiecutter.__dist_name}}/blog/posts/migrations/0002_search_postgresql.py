"""Make PostgreSQL keep the words of each post in a column of its own, with an index.

On other databases (SQLite in development) this does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ADD = """
ALTER TABLE posts_post ADD COLUMN search tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', title), 'A') ||
    setweight(to_tsvector('english', summary), 'B') ||
    setweight(to_tsvector('english', text), 'C')
) STORED
"""
INDEX = "CREATE INDEX post_search ON posts_post USING gin (search)"
REMOVE = "ALTER TABLE posts_post DROP COLUMN search"


def add(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add the column and its index."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ADD)
        schema_editor.execute(INDEX)


def remove(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the column, and its index with it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REMOVE)


class Migration(migrations.Migration):
    dependencies = [("posts", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
