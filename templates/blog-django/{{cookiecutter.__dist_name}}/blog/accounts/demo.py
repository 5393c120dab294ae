"""The people of the demo data: one for each role."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from blog.accounts.models import User

# Known to everyone who reads this: `seed` therefore refuses to run in production.
PASSWORD = "demo-{role}-2026"  # noqa: S105
PEOPLE = {
    "reader": ("Rita Reader", "Reads everything, answers often."),
    "author": ("Aki Author", "Writes about Python and about slow trains."),
    "editor": ("Edda Editor", "Takes out every second adverb."),
    "admin": ("Ada Admin", "Keeps the lights on."),
}


def logins() -> list[tuple[str, str]]:
    """Return the e-mail addresses and passwords, to be printed."""
    return [(f"{role}@example.com", PASSWORD.format(role=role)) for role in PEOPLE]


def seed() -> None:
    """Make the people who are not there yet; leave alone those who are."""
    for role, (name, bio) in PEOPLE.items():
        email = f"{role}@example.com"
        if User.objects.filter(email=email).exists():
            continue
        user = User.objects.create_user(
            email,
            PASSWORD.format(role=role),
            display_name=name,
            bio=bio,
            is_staff=role == "admin",
        )
        user.groups.set([Group.objects.get(name=role)])
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
