"""The four roles, as groups with permissions."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

READER = ["comments.add_comment"]
AUTHOR = [
    *READER,
    "posts.add_post",
    "posts.view_post",
    "posts.change_post",
    "posts.delete_post",
    "posts.publish_post",
    "posts.add_tag",
]
EDITOR = [
    *AUTHOR,
    "posts.edit_any_post",
    "posts.view_revision",
    "posts.change_tag",
    "posts.delete_tag",
    "comments.view_comment",
    "comments.change_comment",
    "comments.delete_comment",
    "comments.moderate_comment",
]
ROLES = {"reader": READER, "author": AUTHOR, "editor": EDITOR}
ADMIN_APPS = ["accounts", "auth", "posts", "comments"]


def make_roles(apps: Any, schema_editor: Any) -> None:
    """Create the groups; permissions, which come only after a migration, now."""
    alias = schema_editor.connection.alias
    group_model = apps.get_model("auth", "Group")
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    for label in ADMIN_APPS:
        create_permissions(
            installed.get_app_config(label), verbosity=0, using=alias, apps=apps
        )
    for role, names in ROLES.items():
        group, _ = group_model.objects.using(alias).get_or_create(name=role)
        for name in names:
            label, codename = name.split(".")
            group.permissions.add(
                permissions.get(content_type__app_label=label, codename=codename)
            )
    admin, _ = group_model.objects.using(alias).get_or_create(name="admin")
    admin.permissions.set(permissions.filter(content_type__app_label__in=ADMIN_APPS))


def remove_roles(apps: Any, schema_editor: Any) -> None:
    """Delete the groups; people keep their accounts."""
    groups = apps.get_model("auth", "Group").objects.using(
        schema_editor.connection.alias
    )
    groups.filter(name__in=[*ROLES, "admin"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("comments", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("posts", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_roles, remove_roles)]
