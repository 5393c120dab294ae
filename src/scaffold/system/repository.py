"""The project's first commit, made with the person's own identity and nothing else of their git settings."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from scaffold.errors import ScaffoldError
from scaffold.system import process

_SETTINGS = {
    "commit.gpgSign": "false",
    "core.excludesFile": os.devnull,
    "core.safecrlf": "false",
    "i18n.commitEncoding": "utf-8",
    "init.defaultBranch": "main",
}
# Git is asked about the person from there, as no repository around it has settings of its own.
_ROOT = Path(Path(sys.executable).anchor)
_IDENTS = ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT")
_INTRODUCTION = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'


def start(folder: Path, template: str) -> str | None:
    """Make a repository with one commit in the folder.

    Returns None, or a sentence on what was not done and how to do it: git is not installed, does not run, or
    does not know the person. Raises ScaffoldError if git runs and fails.
    """
    message = f"Start from scaffold's {template} template"
    settings = {**_SETTINGS, **_identity()}
    made = process.git(["init", "-q", "--template="], folder, settings)
    if not made.ok and (why := process.git_problem(folder)):
        by_hand = f'git init -b main && git add -A && git commit -m "{message}"'
        return f"git {why}, so there is no repository yet; with it: {by_hand}"
    _check(made)
    _check(process.git(["add", "-A"], folder, settings))
    commit = process.git(["commit", "-q", "-m", message], folder, settings)
    if not commit.ok and not all(process.git(["var", who], folder, settings).ok for who in _IDENTS):
        by_hand = f'{_INTRODUCTION} && git commit -m "{message}"'
        return f"git does not know who you are, so nothing is committed yet; do it with: {by_hand}"
    _check(commit)
    return None


def author() -> Mapping[str, str]:
    """Return author_name and author_email as git would use them for a commit, as far as they are set."""
    ident = _ask("GIT_AUTHOR_IDENT")
    if found := re.fullmatch(r"(.+) <(.+)> \d+ [+-]\d+\n", ident.stdout) if ident.ok else None:
        return {"author_name": found[1], "author_email": found[2]}
    values = {
        "author_name": os.environ.get("GIT_AUTHOR_NAME") or _setting("user.name"),
        "author_email": os.environ.get("GIT_AUTHOR_EMAIL")
        or _setting("user.email")
        or os.environ.get("EMAIL"),
    }
    return {name: value for name, value in values.items() if value}


def can_commit() -> bool:
    """Whether git knows everybody whom a commit names: its author and its committer."""
    return all(_ask(who).ok for who in _IDENTS)


def _identity() -> Mapping[str, str]:
    """Return the settings with which git takes an address from the person and makes none up."""
    email = os.environ.get("EMAIL", "")
    # Git itself takes EMAIL only if it may guess as well.
    given = {"user.email": email} if email and not _setting("user.email") else {}
    return {"user.useConfigOnly": "true", **given}


def _setting(name: str) -> str:
    found = process.git(["config", "--get", name], _ROOT)
    return found.stdout.rstrip("\n") if found.ok else ""


def _ask(variable: str) -> process.Result:
    return process.git(["var", variable], _ROOT, _identity())


def _check(result: process.Result) -> None:
    if not result.ok:
        raise ScaffoldError(
            f"git failed, so nothing was made: {result.complaint}.",
            "Mend that, or leave git out with --no-git.",
        )
