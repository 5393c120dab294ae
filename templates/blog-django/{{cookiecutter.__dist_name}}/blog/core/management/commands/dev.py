"""`manage.py dev`: from a fresh copy to a running site, in one command."""

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from blog.accounts.demo import logins

HOST = "127.0.0.1"


class Command(BaseCommand):
    """Migrate, seed, say where everything is, serve until Ctrl-C."""

    help = "Prepare the database with demo data and serve on 127.0.0.1:$PORT."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take runserver's option to do without restarts."""
        parser.add_argument("--noreload", action="store_false", dest="use_reloader")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prepare once; the server's own restarts after a change only serve."""
        if settings.ENVIRONMENT != "development":
            raise CommandError(
                f"dev is for development, not for {settings.ENVIRONMENT}."
            )
        if not os.environ.get(DJANGO_AUTORELOAD_ENV):
            self.refuse_taken_port()
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
            call_command("seed", verbosity=0)
            self.welcome()
        # That it is a development server need not be said to who has called it "dev".
        os.environ["DJANGO_RUNSERVER_HIDE_WARNING"] = "true"
        call_command(
            "runserver",
            f"{HOST}:{settings.PORT}",
            use_reloader=options["use_reloader"],
            skip_checks=True,
        )

    def refuse_taken_port(self) -> None:
        """Say in one sentence that someone else serves there already."""
        with socket.socket() as probe:
            # On Windows the option means "take it from whoever has it".
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, settings.PORT))
            except OSError as error:
                raise CommandError(
                    f"Port {settings.PORT} is taken: stop what runs there, "
                    "or set PORT to another one."
                ) from error

    def welcome(self) -> None:
        """Print the addresses and the demo logins."""
        address = f"http://{HOST}:{settings.PORT}"
        people = "\n".join(f"  {email:20} {word}" for email, word in logins())
        self.stdout.write(
            f"\n{settings.SITE['title']} is at {address}/\n\n"
            f"  API docs   {address}/api/docs\n"
            f"  Sent mail  {address}/dev/mail\n"
            f"  Admin      {address}/admin/\n\n"
            f"Sign in as\n{people}\n"
        )
        self.stdout.flush()
