"""The project's first commit, made with the person's own identity and nothing else of their git settings."""

import os
from collections.abc import Mapping
from pathlib import Path

from scaffold import process
from scaffold.errors import ScaffoldError

_SETTINGS = {
    "commit.gpgSign": "false",
    "core.excludesFile": os.devnull,
    "core.safecrlf": "false",
    "gc.auto": "0",
    "init.defaultBranch": "main",
    # Without it git makes an address up from the name of the machine.
    "user.useConfigOnly": "true",
}
_INTRODUCTION = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'


def start(folder: Path, template: str) -> str | None:
    """Make a repository with one commit in the folder.

    Returns None, or a sentence on what was not done and how to do it: git is not there, or does not know the
    person. Raises ScaffoldError if git is there and fails.
    """
    message = f"Start from scaffold's {template} template"
    made = process.git(["init", "-q", "--template="], folder, _SETTINGS)
    if not made.found:
        by_hand = f'git init -b main && git add -A && git commit -m "{message}"'
        return f"git is not installed, so there is no repository yet; with it: {by_hand}"
    _check(made)
    _check(process.git(["add", "-A"], folder, _SETTINGS))
    commit = process.git(["commit", "-q", "-m", message], folder, _SETTINGS)
    if not commit.ok and not process.git(["var", "GIT_COMMITTER_IDENT"], folder, _SETTINGS).ok:
        by_hand = f'{_INTRODUCTION} && git commit -m "{message}"'
        return f"git does not know who you are, so nothing is committed yet; do it with: {by_hand}"
    _check(commit)
    return None


def author() -> Mapping[str, str]:
    """Return what git knows of the person as answers: author_name and author_email, if they are set."""
    listing = process.git(["config", "--global", "-z", "--get-regexp", r"^user\.(name|email)$"], Path.cwd())
    pairs = (entry.partition("\n") for entry in listing.stdout.split("\0") if entry)
    return {key.replace("user.", "author_"): value for key, _, value in pairs}


def _check(result: process.Result) -> None:
    if not result.ok:
        raise ScaffoldError(
            f"git failed, so nothing was made: {result.complaint}.",
            "Mend that, or leave git out with --no-git.",
        )
