"""Django's command line: `python manage.py help` lists the commands."""

import importlib
import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

# With PYTHONSAFEPATH set, Python does not look beside this file by itself.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from blog.core.env_file import write_missing


def main() -> None:
    """Run the command; a setting that is refused is one line and exit code 1."""
    # Not a default: a shell may still have the variable of another project.
    os.environ["DJANGO_SETTINGS_MODULE"] = "blog.settings"
    if "dev" in sys.argv[1:2]:
        write_missing(Path(__file__).parent)
    try:
        importlib.import_module("blog.settings")
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell counts what Ctrl-C ended


if __name__ == "__main__":
    main()
