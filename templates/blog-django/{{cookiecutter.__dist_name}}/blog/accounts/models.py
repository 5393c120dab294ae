"""Who people are: a user logs in by e-mail and is shown by handle and display name."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.text import slugify


class UserManager(BaseUserManager["User"]):
    """Make users by e-mail address, always stored in lower case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with this e-mail address, in any case of letters."""
        return self.get(email=(username or "").lower())

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Return a new, saved user; an empty password means none can log in with."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Return a new user who may do everything, as `createsuperuser` wants one."""
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, **fields
        )


class User(AbstractUser):
    """A person: reader, author, editor or admin, by the groups they are in."""

    username = None  # type: ignore[assignment]  # e-mail takes its place
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    handle = models.CharField(
        max_length=40,
        unique=True,
        help_text="The name in the address of your page.",
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Use a-z, 0-9 and hyphens.")
        ],
    )
    display_name = models.CharField(max_length=80)
    bio = models.TextField(max_length=1000, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[assignment,misc]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Lower the e-mail address; fill in from it the names that are missing."""
        self.email = self.email.lower()
        local_part = self.email.split("@")[0]
        self.display_name = self.display_name or local_part[:80]
        if not self.handle:
            stem = slugify(local_part)[:30] or "user"
            taken = User.objects.filter(handle=stem).exists()
            suffix = get_random_string(6, "abcdefghijkmnpqrstuvwxyz23456789")
            self.handle = f"{stem}-{suffix}" if taken else stem
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """Return the address of the page with this person's posts."""
        return reverse("author", args=[self.handle])
