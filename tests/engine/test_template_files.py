"""Text files, binary files and line endings, as in Cookiecutter."""

from pathlib import Path

import pytest
from binaryornot.helpers import _BINARY_SIGNATURES, BINARY_EXTENSIONS, is_binary_string
from hypothesis import example, given
from hypothesis import strategies as st

from scaffold.engine import template_files


def test_no_binary_file_matches_the_shortcut() -> None:
    """The suffixes and starts of plain text match no binary format of binaryornot."""
    assert not {suffix.lstrip(".") for suffix in template_files.PLAIN_SUFFIXES} & BINARY_EXTENSIONS
    assert not [
        signature for signature in _BINARY_SIGNATURES if template_files.PLAIN_START.match(signature + b" :=")
    ]


@given(st.text(min_size=1, max_size=600))
@example("# " + "é" * 600)
def test_the_shortcut_agrees_with_binaryornot(text: str) -> None:
    """For any text without control characters and binary signatures."""
    data = text.encode()
    if template_files.is_printable(data) and template_files.PLAIN_START.match(data):
        assert not is_binary_string(data[:512])


@pytest.mark.parametrize(
    ("name", "data", "binary"),
    [
        ("a.md", b"# Title", False),
        ("a.md", b"BM, the picture", True),
        ("a.md", "# caf\u00e9".encode("latin-1"), False),
        ("a.md", b"# " + bytes(range(32)) * 8, True),
        ("a.png", b"# no picture", True),
        ("a.rst", b"Title", False),
    ],
)
def test_binary_files_are_detected(tmp_path: Path, name: str, data: bytes, *, binary: bool) -> None:
    """By suffix, signature or content."""
    (tmp_path / name).write_bytes(data)
    assert template_files.is_binary(tmp_path / name, data) is binary


@pytest.mark.parametrize(
    ("data", "newline"),
    [(b"", "\n"), (b"a", "\n"), (b"a\nb\r\n", "\n"), (b"a\r\nb\r\n", "\r\n"), (b"a\rb", "\r")],
)
def test_line_endings_are_those_of_the_template(data: bytes, newline: str) -> None:
    """The first line ending decides."""
    assert template_files.detect_newline(data) == newline
