"""Django's command line: `python manage.py help` lists the commands."""

import importlib
import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from blog.core.env_file import write_missing


def main() -> None:
    """Run the command; a setting that is refused is one line and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blog.settings")
    if "dev" in sys.argv[1:2]:
        write_missing(Path(__file__).parent)
    try:
        importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell counts what Ctrl-C ended


if __name__ == "__main__":
    main()
