"""The first commit of a project, with the user's identity and none of their other git settings."""

import os
import re
import secrets
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
# Git reads the identity from there, outside of any repository with its own settings.
_ROOT = Path(Path(sys.executable).anchor)
_IDENTS = ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT")
_SET_IDENTITY = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'


def initialize(folder: Path, template: str) -> str | None:
    """Create a repository with one commit in the folder.

    Returns None, or a sentence that says what was skipped and how to do it: git is not installed, does not
    run, or has no identity. Raises ScaffoldError if git runs and fails.
    """
    message = f"Start from scaffold's {template} template"
    settings = {**_SETTINGS, **_identity_settings()}
    created = process.git(["init", "-q", "--template="], folder, settings)
    if not created.ok and (why := process.git_problem(folder)):
        command = f'git init -b main && git add -A && git commit -m "{message}"'
        return f"git {why}, so no repository was created. Once it works, run: {command}"
    _raise_if_failed(created)
    _raise_if_failed(process.git(["add", "-A"], folder, settings))
    commit = process.git(["commit", "-q", "-m", message], folder, settings)
    if not commit.ok and not all(process.git(["var", ident], folder, settings).ok for ident in _IDENTS):
        command = f'{_SET_IDENTITY} && git commit -m "{message}"'
        return f"git does not know who you are, so nothing was committed. Run: {command}"
    _raise_if_failed(commit)
    return None


def get_author(near: Path | None = None) -> Mapping[str, str]:
    """Return the author_name and author_email that git would use for a commit, if they are set.

    Settings can depend on the location of the repository ("includeIf"): `near` is the folder of the project,
    by default the current one.
    """
    ident = _query_ident("GIT_AUTHOR_IDENT", near)
    if found := re.fullmatch(r"(.+) <(.+)> \d+ [+-]\d+\n", ident.stdout) if ident.ok else None:
        return {"author_name": found[1], "author_email": found[2]}
    values = {
        "author_name": os.environ.get("GIT_AUTHOR_NAME") or _get_setting("user.name"),
        "author_email": os.environ.get("GIT_AUTHOR_EMAIL")
        or _get_setting("user.email")
        or os.environ.get("EMAIL"),
    }
    return {name: value for name, value in values.items() if value}


def can_commit() -> bool:
    """Return whether git knows the author and the committer of a commit here."""
    return all(_query_ident(ident, None).ok for ident in _IDENTS)


def _identity_settings() -> Mapping[str, str]:
    """Return settings that make git use the configured address instead of guessing one."""
    email = os.environ.get("EMAIL", "")
    # Git uses EMAIL only if it may also guess.
    given = {"user.email": email} if email and not _get_setting("user.email") else {}
    return {"user.useConfigOnly": "true", **given}


def _get_setting(name: str) -> str:
    found = process.git(["config", "--get", name], _ROOT)
    return found.stdout.rstrip("\n") if found.ok else ""


def _query_ident(variable: str, near: Path | None) -> process.Result:
    """Ask git for an identity as if the folder were in a repository without its own settings."""
    folder = (near or Path.cwd()).absolute()
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    nowhere = existing / f".scaffold-{secrets.token_hex(8)}.git"
    return process.git([f"--git-dir={nowhere}", "var", variable], _ROOT, _identity_settings())


def _raise_if_failed(result: process.Result) -> None:
    if not result.ok:
        raise ScaffoldError(
            f"git failed, so nothing was created: {result.complaint}.",
            "Fix this, or skip git with --no-git.",
        )
