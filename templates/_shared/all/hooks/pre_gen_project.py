"""Refuse answers that would not give a working project, before anything is written.

For users of plain Cookiecutter: `scaffold` checks the same at each question, and a test compares the two. The answers
arrive as JSON, so that no character of theirs is ever part of this program.
"""

import json
import keyword
import re
import sys
import unicodedata

ANSWERS = dict(json.loads(r'''{{ cookiecutter.items() | list | tojson }}'''))

LONGEST_SLUG, LONGEST_TEXT = 50, 200
WINDOWS_DEVICES = {"con", "prn", "aux", "nul"} | {f"{name}{n}" for name in ("com", "lpt") for n in range(10)}
JINJA = tuple("{" + mark for mark in "#%{")  # not written out: Jinja reads this file too
# Characters that end a line somewhere, cannot be encoded, or change the order in which text reads.
CONTROL_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
BIDI_OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def slug_problem(slug):
    """Return what is wrong with `slug`, or an empty string."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", slug):
        return "must be small letters, digits and single underscores, starting with a letter (my_blog)"
    if len(slug) > LONGEST_SLUG:
        return f"must have at most {LONGEST_SLUG} characters"
    if keyword.iskeyword(slug) or keyword.issoftkeyword(slug):
        return "is a word of the Python language"
    if slug in sys.stdlib_module_names:
        return "is the name of a module of Python's standard library"
    if slug.replace("_", "-") in ANSWERS.get("_reserved_names", ()):
        return "is the name of a package that the project uses"
    if slug in WINDOWS_DEVICES:
        return "is a device name on Windows"
    return ""


def text_problem(text):
    """Return what is wrong with a free text, or an empty string."""
    if len(text) > LONGEST_TEXT:
        return f"must have at most {LONGEST_TEXT} characters"
    if any(mark in text for mark in JINJA):
        return "must not contain " + ", ".join(JINJA)
    if any(unicodedata.category(c) in CONTROL_CATEGORIES or c in BIDI_OVERRIDES for c in text):
        return "must not contain line breaks or control characters"
    return ""


def problems():
    """Yield a sentence for each answer that is refused."""
    for name, value in ANSWERS.items():
        if name.startswith("_"):
            continue
        problem = text_problem(value)
        if name == "project_slug":
            problem = problem or slug_problem(value)
        elif name in ("project_name", "author_name") and not value.strip():
            problem = "must not be empty"
        if problem:
            yield f"{name} {problem}."


if __name__ == "__main__":
    for sentence in problems():
        sys.exit(sentence)
