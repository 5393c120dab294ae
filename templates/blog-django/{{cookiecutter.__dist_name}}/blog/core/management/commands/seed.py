"""`manage.py seed`: write the demo data; a second time changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from blog.accounts import demo as accounts
from blog.comments import demo as comments
from blog.posts import demo as posts


class Command(BaseCommand):
    """Each part brings data of its own, in the order in which they need each other."""

    help = "Write the demo data; running it again does not double anything."

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write it all or nothing, and never where strangers can log in."""
        if settings.ENVIRONMENT == "production":
            raise CommandError("seed is not for production: its passwords are public.")
        with transaction.atomic():
            accounts.seed()
            posts.seed()
            comments.seed()
        if options["verbosity"]:
            self.stdout.write("The demo data is there.")
