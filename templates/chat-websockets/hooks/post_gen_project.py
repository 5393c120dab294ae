"""Finish a generated project: leave out what was not chosen, write `.env`, record what was made.

For users of plain Cookiecutter: `scaffold` does the same natively, and a test compares the bytes. Everything specific
to a template is data in its `cookiecutter.json` (`_optional`, `_secrets`, `_scaffold`). The answers arrive as JSON, so
that no character of theirs is ever part of this program.
"""

import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path

CONTEXT = dict(json.loads(r'''{{ cookiecutter.items() | list | tojson }}'''))
ANSWERS = {name: value for name, value in CONTEXT.items() if not name.startswith("_")}


def prune(folder):
    """Remove `folder` and its parents for as long as they are empty."""
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def apply_optional():
    """Keep each optional path whose questions have the wanted answers, under its final name."""
    for rule in CONTEXT["_optional"]:
        path = Path(rule["path"])
        if not path.exists():
            continue
        if all(ANSWERS[question] in values for question, values in rule["when"].items()):
            path.replace(rule.get("to", path))
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        prune(path.parent)


def write_env():
    """Write `.env`, which only its owner may read, with a fresh value for each secret."""
    lines = Path(".env.example").read_text(encoding="utf-8").splitlines()
    wanted = {f"{name}=" for name in CONTEXT["_secrets"]}
    text = "".join(f"{line}{secrets.token_urlsafe(48) if line in wanted else ''}\n" for line in lines)
    with open(os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="\n") as env:
        env.write(text)


def record():
    """Write `.scaffold.json`: the template, the answers and a hash of every file."""
    paths = sorted(path.as_posix() for path in Path().rglob("*") if path.is_file())
    manifest = {
        "schema": "scaffold/project/v1",
        "scaffold": CONTEXT["_scaffold"]["version"],
        "template": CONTEXT["_scaffold"]["name"],
        "answers": ANSWERS,
        "files": {
            path: hashlib.sha256(Path(path).read_bytes()).hexdigest()
            for path in paths
            if path not in (".env", ".scaffold.json")
        },
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    Path(".scaffold.json").write_bytes(text.encode())


if __name__ == "__main__":
    apply_optional()
    write_env()
    record()
