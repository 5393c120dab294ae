"""The size of a project is what there is to read in it."""

from scaffold.engine import answers, render
from scaffold.proof import sizes
from scaffold.proof.sizes import Size
from tests.conftest import MakeTemplate


def measured(make_template: MakeTemplate, files: dict[str, str | bytes], **variables: object) -> Size:
    """Return the size of a project that has these files, and its record."""
    template = make_template(files, **variables)
    return sizes.measure(render.plan(template, answers.resolve(template, {})))


def test_files_and_lines_are_counted(make_template: MakeTemplate) -> None:
    """The record is a file, and nobody reads its lines."""
    size = measured(make_template, {"README.md": "a\n\nb\n", "shop/app.py": "x = 1\ny = 2"})
    assert size == Size(files=3, lines=5, application_files=1, application_lines=2)


def test_application_python_is_without_tests_migrations_and_empty_files(make_template: MakeTemplate) -> None:
    """These are not what a reader has to understand first."""
    size = measured(
        make_template,
        {
            "shop/__init__.py": "\n",
            "shop/migrations/0001_initial.py": "x = 1\n",
            "shop/tests/test_shop.py": "x = 1\n",
            "tests/test_app.py": "x = 1\n",
            "manage.py": "x = 1\n",
        },
    )
    assert size == Size(files=6, lines=5, application_files=1, application_lines=1)


def test_pins_the_licence_and_binary_files_have_no_lines(make_template: MakeTemplate) -> None:
    """They are files none the less."""
    size = measured(
        make_template,
        {
            "uv.lock": "a\n",
            "constraints.txt": "a\n",
            "LICENSE": "a\n",
            "logo.png": b"\x89PNG\r\n\x1a\n\x00\x01\n",
        },
    )
    assert size == Size(files=5, lines=0, application_files=0, application_lines=0)


def test_a_file_with_secrets_does_not_count(make_template: MakeTemplate) -> None:
    """It is not committed."""
    size = measured(make_template, {".env.example": "KEY=\n"}, _secrets=["KEY"])
    assert size == Size(files=2, lines=1, application_files=0, application_lines=0)
