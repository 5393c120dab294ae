"""Words that reveal an option in a project that did not choose it."""

import re
from collections.abc import Iterator, Mapping

# For each question, words that occur only with that value. The text of a licence
# may name others, so the file LICENSE is judged by its first line (see test_outputs).
WORDS: dict[str, dict[str, str]] = {
    "license": {
        "MIT": r"\bMIT\b",
        "Apache-2.0": r"Apache(-2| License)",
        "BSD-3-Clause": r"BSD[- ]3|BSD License",
        "GPL-3.0-or-later": r"\bGPL|General Public License",
    },
    "ci": {
        "github": r"GitHub Actions|\.github\b|[Dd]ependabot|zizmor|actionlint",
        "gitlab": r"(?i:gitlab)",
        "jenkins": r"(?i:jenkins)",
    },
    "python_version": {
        # 3.12 is always the oldest supported Python, whatever version runs the project.
        "3.13": r"3\.13\b|\bpy313|\bcp313",
        "3.12": r"python:3\.12|python3\.12|^3\.12\b",
    },
    "database": {
        "postgresql": r"(?i:postgres|psycopg)|\bpg_",
        "mysql": r"(?i:mysql|mariadb)",
    },
}


# The texts of licences are fixed, and the pins cover every answer.
MADE_FOR_ALL = {"LICENSE", "constraints.txt", "uv.lock"}


def traces(files: Mapping[str, bytes], answers: Mapping[str, str]) -> Iterator[str]:
    """Yield each place where a path or a text names an option that was not chosen."""
    for question, values in WORDS.items():
        for value, pattern in values.items():
            if answers.get(question, value) == value:
                continue
            word = re.compile(pattern, re.MULTILINE)
            for path, content in files.items():
                if path in MADE_FOR_ALL:
                    continue
                for text in (path, content.decode("utf-8")):
                    if found := word.search(text):
                        line = text.count("\n", 0, found.start()) + 1
                        yield f"{path}:{line}: {found[0]!r}, but {question} is {answers[question]}"
