"""Line numbers of TOML keys in every notation."""

import pytest

from scaffold.assignment.line_numbers import find_line

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
    """The first line of its statement. A key inside a string does not count."""
    assert find_line(SOURCE, path.split(".")) == line
