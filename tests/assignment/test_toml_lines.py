"""Lines of keys, whichever way TOML lets one write them."""

import pytest

from scaffold.assignment.toml_lines import line_of

SOURCE = '''\
a = 1
"b" = """
c = 2
"""

[d.e]
f = [
  1,
]
g.h = 3
[[i]]
j = { k = 4 }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a", 1),
        ("b", 2),
        ("c", None),
        ("d", 6),
        ("d.e", 6),
        ("d.e.f", 7),
        ("d.e.g.h", 10),
        ("i", 11),
        ("x", None),
    ],
)
def test_the_line_of_a_key(path: str, line: int | None) -> None:
    """That on which its statement begins; what looks like a key inside a text is none."""
    assert line_of(SOURCE, path.split(".")) == line
