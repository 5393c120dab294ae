"""`.scaffold.json`, and the differences between a project and its record."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaffold.engine import answers, project, record
from scaffold.errors import ScaffoldError
from scaffold.system import process
from tests.conftest import MakeTemplate
from tests.course import COMPLETED, FILES, UPGRADED

Shop = Path


@pytest.fixture
def shop(make_template: MakeTemplate) -> Path:
    """Generate a small project, in a repository."""
    template = make_template(
        {"a.txt": "a\n", "b/c.txt": "c\n", ".gitignore": "*.log\n.env\n", ".env.example": "KEY=\n"},
        _secrets=["KEY"],
    )
    given = answers.resolve(template, {"project_name": "Zoë's Shop"})
    return project.create(template, given, Path("shop")).path


def test_the_record_is_stable_and_readable(shop: Path) -> None:
    """Answers in order, sorted hashes, and unescaped letters; no secret, path or time."""
    text = (shop / ".scaffold.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert list(record) == ["schema", "scaffold", "template", "answers", "files"]
    assert record["answers"] == {"project_name": "Zoë's Shop", "project_slug": "zoe_s_shop"}
    assert list(record["files"]) == [".env.example", ".gitignore", "a.txt", "b/c.txt"]
    assert record["files"]["a.txt"] == hashlib.sha256(b"a\n").hexdigest()
    assert text == json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def test_the_record_is_read(shop: Path) -> None:
    """As typed values."""
    found = record.read(shop)
    assert (found.scaffold, found.template) == ("0.1.0", "shop")
    assert found.answers["project_slug"] == "zoe_s_shop"


def test_a_fresh_project_is_unchanged(shop: Path) -> None:
    """`.env` and the record itself do not count."""
    status = record.compare(shop)
    assert status.unchanged == (".env.example", ".gitignore", "a.txt", "b/c.txt")
    assert (status.edited, status.missing, status.added, status.is_changed) == ((), (), (), False)


@pytest.mark.parametrize("repository", [True, False])
def test_every_difference_is_listed(shop: Path, *, repository: bool) -> None:
    """Edited, missing and added files, with and without git."""
    if not repository:
        shutil.rmtree(shop / ".git")
    (shop / "a.txt").write_text("b\n", encoding="utf-8")
    shutil.rmtree(shop / "b")
    (shop / "new").mkdir()
    (shop / "new" / "d.txt").touch()
    (shop / "__pycache__").mkdir()
    (shop / "__pycache__" / "x.pyc").touch()
    (shop / ".git" / "info").mkdir(parents=True, exist_ok=True)
    (shop / ".git" / "info" / "exclude").write_text("__pycache__\n", encoding="utf-8")
    status = record.compare(shop)
    assert (status.edited, status.missing, status.added) == (("a.txt",), ("b/c.txt",), ("new/d.txt",))
    assert status.is_changed


@pytest.fixture
def pinned(make_template: MakeTemplate) -> Path:
    """Generate a project with pins and a seed lock."""
    template = make_template({name: FILES[name] for name in ("uv.lock", "constraints.txt")}, name="pinned")
    return project.create(template, answers.resolve(template, {}), Path("pinned")).path


def test_a_lock_with_the_pinned_versions_is_unchanged(pinned: Path) -> None:
    """The first `uv run` completes the seed; the student edited nothing."""
    (pinned / "uv.lock").write_text(COMPLETED, encoding="utf-8")
    found = record.compare(pinned)
    assert (found.unchanged, found.is_changed) == (("constraints.txt", "uv.lock"), False)


@pytest.mark.parametrize(
    "text", [UPGRADED, "<<<<<<<\n" + COMPLETED, ""], ids=["upgraded", "conflict", "empty"]
)
def test_another_lock_is_edited(pinned: Path, text: str) -> None:
    """With another version, or invalid."""
    (pinned / "uv.lock").write_text(text, encoding="utf-8")
    assert record.compare(pinned).edited == ("uv.lock",)


def test_a_lock_counts_as_edited_with_its_pins(pinned: Path) -> None:
    """Editing constraints.txt changes the versions deliberately."""
    (pinned / "uv.lock").write_text(UPGRADED, encoding="utf-8")
    (pinned / "constraints.txt").write_text("anyio==4.17.0\n", encoding="utf-8")
    assert record.compare(pinned).edited == ("constraints.txt", "uv.lock")
    (pinned / "constraints.txt").unlink()
    assert (record.compare(pinned).edited, record.compare(pinned).missing) == (
        ("uv.lock",),
        ("constraints.txt",),
    )


def test_a_lock_behind_a_link_is_edited(pinned: Path, tmp_path: Path) -> None:
    """The project does not own the target."""
    (tmp_path / "uv.lock").write_text(COMPLETED, encoding="utf-8")
    (pinned / "uv.lock").unlink()
    (pinned / "uv.lock").symlink_to(tmp_path / "uv.lock")
    assert record.compare(pinned).edited == ("uv.lock",)


def test_without_git_tool_output_is_not_added(shop: Path) -> None:
    """Environments, caches, build output, and the app's data."""
    shutil.rmtree(shop / ".git")
    for name in (".venv/a", "data/db.sqlite3", "build/lib/a.py", "my_shop.egg-info/PKG-INFO", ".coverage"):
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).touch()
    (shop / "media").mkdir()
    (shop / "media" / "mine.py").touch()
    assert record.compare(shop).added == ("media/mine.py",)


def test_ignored_files_are_not_added(shop: Path) -> None:
    """Nor are tracked files that were deleted."""
    (shop / "debug.log").touch()
    (shop / "tracked.txt").touch()
    assert process.git(["add", "tracked.txt"], shop).ok
    (shop / "tracked.txt").unlink()
    assert record.compare(shop).added == ()


def test_added_files_are_not_a_change(shop: Path) -> None:
    """Students are expected to add code."""
    (shop / "mine.txt").touch()
    assert record.compare(shop).added == ("mine.txt",)
    assert not record.compare(shop).is_changed


def test_a_file_replaced_by_a_link_or_folder_is_edited(shop: Path, tmp_path: Path) -> None:
    """The link is not followed."""
    (tmp_path / "elsewhere").write_text("a\n", encoding="utf-8")
    (shop / "a.txt").unlink()
    (shop / "a.txt").symlink_to(tmp_path / "elsewhere")
    (shop / ".gitignore").unlink()
    (shop / ".gitignore").mkdir()
    assert record.compare(shop).edited == (".gitignore", "a.txt")


def test_a_folder_replaced_by_a_link_is_not_followed(shop: Path, tmp_path: Path) -> None:
    """The project does not own the target."""
    (shop / "b").rename(tmp_path / "b")
    (shop / "b").symlink_to(tmp_path / "b")
    assert record.compare(shop).edited == ("b/c.txt",)


def test_files_of_a_folder_replaced_by_a_file_are_missing(shop: Path) -> None:
    """None of them exists."""
    shutil.rmtree(shop / "b")
    (shop / "b").touch()
    assert record.compare(shop).missing == ("b/c.txt",)


def test_a_project_can_be_compared_through_a_link(shop: Path) -> None:
    """Only links inside the project are suspicious."""
    Path("link").symlink_to(shop)
    assert not record.compare(Path("link")).is_changed


@pytest.mark.parametrize("folder", ["nowhere", "empty", "file"])
def test_a_folder_without_a_record_is_refused(folder: str) -> None:
    """The message names the missing file."""
    Path("empty").mkdir()
    Path("file").touch()
    with pytest.raises(ScaffoldError) as caught:
        record.read(Path(folder))
    assert caught.value.message == f"{folder} is not a scaffold project: it has no .scaffold.json."


def edit(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Return a change to a record."""
    return lambda record: record.update({key: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edit("schema", "other"), 'its "schema" is not scaffold/project/v1'),
        (edit("scaffold", 1), "it has no template or no version"),
        (edit("template", None), "it has no template or no version"),
        (edit("answers", []), 'its "answers" is not an object of strings'),
        (edit("answers", {"a": 1}), 'its "answers" is not an object of strings'),
        (edit("files", None), 'its "files" is not an object of strings'),
        (edit("files", {"a.txt": "123"}), "it has no SHA-256 for 'a.txt'"),
        *(
            (edit("files", {name: "0" * 64}), "it lists a file outside the project")
            for name in ("../a", "/etc/passwd", "a/../../b", "C:/a", "a\\b", "", ".", "a//b", "a/", "a\0b")
        ),
    ],
)
def test_a_record_that_was_tampered_with_is_refused(
    shop: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    """The hint says how to restore it."""
    path = shop / ".scaffold.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    change(table)
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(ScaffoldError) as caught:
        record.compare(shop)
    assert caught.value.message.startswith(f"{path} is damaged: {said}")
    assert caught.value.hint == "Restore it from git: git checkout -- .scaffold.json"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_record_that_is_not_json_is_refused(shop: Path, content: bytes) -> None:
    """Including one that is nested too deeply."""
    (shop / ".scaffold.json").write_bytes(content)
    with pytest.raises(ScaffoldError, match="is damaged"):
        record.read(shop)


def test_an_unreadable_file_is_named(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason, as a ScaffoldError."""

    def fail(_file: object, _kind: str) -> None:
        raise PermissionError(13, "Permission denied", str(shop / "a.txt"))

    monkeypatch.setattr(hashlib, "file_digest", fail)
    with pytest.raises(ScaffoldError, match=r"a\.txt cannot be read: Permission denied\."):
        record.compare(shop)
