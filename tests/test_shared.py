"""The shared files of the templates have one source, and the hooks treat answers as data."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter

from scaffold.catalog import registry
from scaffold.engine import answers
from scaffold.errors import BadAnswer

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"
SYNC = TEMPLATES / "_shared/sync.py"
NAMES = sorted(path.parent.name for path in TEMPLATES.glob("*/cookiecutter.json"))
PROJECT = "{{cookiecutter.__dist_name}}"


def raw(name: str) -> dict[str, Any]:
    """Return a template's cookiecutter.json."""
    loaded: dict[str, Any] = json.loads((TEMPLATES / name / "cookiecutter.json").read_text(encoding="utf-8"))
    return loaded


def git(*words: str, stdin: str = "") -> list[str]:
    """Return the paths that a git command prints, separated by NUL."""
    done = subprocess.run(["git", *words], cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)
    return [path for path in done.stdout.split("\0") if path]


def sync(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the sync script of a repository."""
    script = folder / "templates/_shared/sync.py"
    return subprocess.run([sys.executable, script, *words], capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a copy of the templates and of the other files that the sync script reads."""
    shutil.copytree(TEMPLATES, tmp_path / "repo/templates")
    shutil.copytree(ROOT / "src", tmp_path / "repo/src")
    return tmp_path / "repo"


def bake(name: str, folder: Path, given: Mapping[str, str]) -> Path:
    """Generate a project with plain Cookiecutter."""
    private = folder / "private"
    private.mkdir(parents=True)
    config = private / "config.yaml"
    config.write_text(f"replay_dir: {private}/replay\ncookiecutters_dir: {private}/cookiecutters\n")
    made = cookiecutter(
        str(TEMPLATES / name),
        no_input=True,
        extra_context=dict(given),
        output_dir=str(folder / "out"),
        config_file=str(config),
    )
    return Path(made)


def test_copies_are_the_same() -> None:
    """No copy of a shared file was edited."""
    done = sync(ROOT, "--check")
    assert done.returncode == 0, done.stdout


def test_an_edited_copy_is_found_and_restored(repository: Path) -> None:
    """`sync.py --check` names the copy and exits 1; `sync.py` restores it."""
    copy = repository / "templates/blog-django" / PROJECT / ".editorconfig"
    whole = copy.read_bytes()
    copy.write_text("edited")

    done = sync(repository, "--check")
    assert done.returncode == 1
    assert ".editorconfig" in done.stdout
    assert "python templates/_shared/sync.py" in done.stderr
    assert copy.read_text() == "edited"

    assert sync(repository).returncode == 0
    assert copy.read_bytes() == whole
    assert sync(repository, "--check").returncode == 0


@pytest.mark.parametrize("copy", ["hooks/post_gen_project.py", f"{PROJECT}/tests/progress.py"])
def test_the_templates_of_the_tests_are_synchronized_too(repository: Path, copy: str) -> None:
    """A template in `tests/growing` gets the hooks and its layers."""
    shutil.copytree(ROOT / "tests/growing", repository / "tests/growing")
    edited = repository / "tests/growing/notes" / copy
    edited.write_text("edited")

    done = sync(repository, "--check")
    assert done.returncode == 1
    assert done.stdout == f"differs: tests/growing/notes/{copy}\n"

    assert sync(repository).returncode == 0
    assert edited.read_bytes() == (ROOT / "tests/growing/notes" / copy).read_bytes()


def test_cookiecutter_offers_every_template() -> None:
    """`templates/cookiecutter.json` lists exactly the templates."""
    offered = json.loads((TEMPLATES / "cookiecutter.json").read_text(encoding="utf-8"))["templates"]
    assert sorted(offered) == NAMES
    for name, entry in offered.items():
        assert (TEMPLATES / entry["path"]).resolve() == TEMPLATES / name
        assert entry["description"] == raw(name)["_scaffold"]["description"]


def test_no_template_file_is_ignored_by_git() -> None:
    """The `.gitignore` of a template also applies to this repository."""
    tracked = git("ls-files", "-z", "--cached", "--", "templates")
    assert tracked
    assert git("check-ignore", "-z", "--no-index", "--stdin", stdin="\n".join(tracked)) == []


def test_every_template_file_is_tracked() -> None:
    """No file of a template is missing from git."""
    assert git("ls-files", "-z", "--others", "--exclude-standard", "--", "templates") == []
    ignored = git("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", "templates")
    assert [path for path in ignored if "__pycache__" not in path and "_cache/" not in path] == []


@pytest.mark.parametrize("name", NAMES)
def test_optional_parts_exist(name: str) -> None:
    """Every row of `_optional` has an existing path and valid answers."""
    loaded = raw(name)
    for row in loaded["_optional"]:
        assert (TEMPLATES / name / PROJECT / row["path"]).exists(), row["path"]
        for question, values in row["when"].items():
            assert set(values) <= set(loaded[question])


@pytest.mark.parametrize("name", NAMES)
def test_secrets_have_an_empty_line_in_the_example(name: str) -> None:
    """`.env.example` lists each secret without a value."""
    lines = (TEMPLATES / name / PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert {f"{secret}=" for secret in raw(name)["_secrets"]} <= set(lines)


@pytest.mark.parametrize("name", NAMES)
def test_shared_files_do_not_depend_on_the_template(name: str) -> None:
    """None of them names a template or branches on an answer."""
    for path in (TEMPLATES / "_shared").rglob("*"):
        if path.is_file() and path.suffix != ".py":
            text = path.read_text(encoding="utf-8")
            assert name not in text, path
            assert "{% if cookiecutter" not in text, path


@pytest.mark.parametrize("name", NAMES)
def test_documents_name_existing_files(name: str) -> None:
    """Every path in the rows of SECURITY.md and the roadmap exists."""
    loaded = raw(name)
    rows = [row for step in loaded["_roadmap"] for row in step["shows"]]
    paths = [path for row in rows for path in row["where"] + row["tests"]]
    paths += [path for row in loaded["_owasp"] for path in [*row["where"], row["test"]]]
    paths += [path for milestone in loaded["_milestones"] for path in milestone["build"]]
    chosen = [
        path.replace("STACK", stack).replace("CI_FILE", ci["file"])
        for path in paths
        for stack in loaded["_stacks"]
        for ci in loaded["_ci"].values()
    ]
    assert [path for path in sorted(set(chosen)) if not (TEMPLATES / name / PROJECT / path).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_roadmap_is_the_one_that_scaffold_shows(name: str) -> None:
    """`scaffold show` lists the headings of docs/ROADMAP.md."""
    loaded = raw(name)
    assert [step["step"] for step in loaded["_roadmap"]] == loaded["_scaffold"]["roadmap"]
    assert 6 <= len(loaded["_milestones"]) <= 8


def test_ci_and_stack_use_the_same_database() -> None:
    """CI tests with the database image of production."""
    loaded = raw("blog-django")
    for choice, database in loaded["_databases"].items():
        assert {service["image"] for service in loaded["_stacks"][choice]["services"]} == {database["image"]}


def test_the_env_of_the_hook_is_private_and_unique(tmp_path: Path) -> None:
    """Each project gets new secrets, readable only by their owner."""
    first, second = (
        bake("blog-django", tmp_path / number, {"project_name": "Blog of mine"}) / ".env" for number in "12"
    )
    if os.name == "posix":
        assert first.stat().st_mode & 0o777 == 0o600
    assert first.read_text() != second.read_text()
    for secret in raw("blog-django")["_secrets"]:
        (line,) = [line for line in first.read_text().splitlines() if line.startswith(f"{secret}=")]
        assert len(line) - len(secret) - 1 >= 64
        assert line.partition("=")[2] not in (first.parent / ".scaffold.json").read_text()


def test_the_record_of_the_hook_is_free_of_local_data(tmp_path: Path) -> None:
    """`.scaffold.json` has the answers in order, and no path or private variable."""
    project = bake("blog-django", tmp_path, {})
    text = (project / ".scaffold.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert list(record["answers"]) == [key for key in raw("blog-django") if not key.startswith("_")]
    assert str(tmp_path) not in text
    assert str(ROOT) not in text
    assert not {".env", ".scaffold.json"} & set(record["files"])
    assert list(record["files"]) == sorted(record["files"])


HOSTILE = {
    "quotes": """it's "quoted" ''' and \"\"\" too""",
    "code": "x'''); open('pwned', 'w'); r'''",
    "double": 'x"); open("pwned", "w"); ("',
    "backslashes": "a\\ b\\\\ c\\n \\u0041 \\",
    "shell": "$(touch pwned) `touch pwned`; touch pwned",
    "markup": "<script>alert(1)</script> & {x} %s",
    "scripts": "Ünïcödé 😀 مدونة 博客",
    "long": "é" * 200,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_not_executed(text: str, tmp_path: Path) -> None:
    """Any text reaches the record unchanged."""
    given = {"project_slug": "my_blog", "project_name": text, "author_name": text, "description": text}
    project = bake("blog-django", tmp_path, given)
    record = json.loads((project / ".scaffold.json").read_text(encoding="utf-8"))
    assert {key: record["answers"][key] for key in given} == given
    assert list(tmp_path.rglob("pwned")) == []


BAD_TEXTS = ["", " ", "a\nb", "a\x00b", "a\x1b[31m", "a\u2028b", "a\u202eb", "a\ufeffb", "x" * 201]
BAD_SLUGS = [
    "my-blog",
    "Blog",
    "2blog",
    "../evil",
    "a/b",
    "class",
    "match",
    "json",
    "django",
    "con",
    "test",
    "",
]
BAD_ADDRESSES = ["nobody", "a@b", "a b@example.com", 'a"@example.com']
BAD = (
    [("project_name", text) for text in BAD_TEXTS]
    + [("project_slug", slug) for slug in BAD_SLUGS]
    + [("author_email", address) for address in BAD_ADDRESSES]
)


@pytest.mark.parametrize(("question", "value"), BAD, ids=repr)
def test_hook_and_scaffold_refuse_the_same_answers(
    question: str, value: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Plain Cookiecutter prints one message and writes nothing."""
    template = registry.find("blog-django")
    with pytest.raises(BadAnswer):
        answers.check(template.get_question(question), value)
    with pytest.raises(FailedHookException):
        bake("blog-django", tmp_path, {"project_slug": "my_blog", question: value})
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith(f"{question}: ")]
    assert len(said) == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "private" not in path.parts] == []
