"""Tells Django that this part listens to events."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, and how they come in."""

    name = "blog.accounts"

    def ready(self) -> None:
        """Connect the listeners."""
        from blog.accounts import signals  # noqa: F401 (needs the models)
