"""Refuse answers that would not give a working project, before anything is written.

For users of plain Cookiecutter: `scaffold` checks the same at each question, and a test compares the two. The answers
arrive as JSON, so that no character of theirs is ever part of this program.
"""

import json
import re
import sys

ANSWERS = dict(json.loads(r'''{{ cookiecutter.items() | list | tojson }}'''))

# >>> src/scaffold/catalog/slugs.py
# <<<

EMAIL = r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
MARKS = tuple("{" + mark for mark in "#%{")  # not written out: Jinja reads this file too
UNSEEN = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufdd0-\\ufdef" + "".join(
    f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17)
)


def text_problem(text):
    """Return what is wrong with a free text, or None."""
    if not text.strip() or text != text.strip():
        return "it may not be empty, nor begin or end with a blank."
    if len(text) > 200:
        return "use 200 characters at most."
    if any(mark in text for mark in MARKS):
        return f"it may not hold {', '.join(MARKS)}, which the templates use."
    if re.search(f"[{UNSEEN}]", text):
        return "it may not hold a line break or a character that nobody sees."
    return None


def refusals():
    """Yield a sentence for each answer that is refused."""
    for name, value in ANSWERS.items():
        if name.startswith("_"):
            continue
        reason = text_problem(value)
        if name == "project_slug":
            reason = reason or problem(value)
        if name == "author_email" and not re.fullmatch(EMAIL, value):
            reason = reason or "write an address like you@example.com."
        if reason:
            yield f"{name}: {reason}"


if __name__ == "__main__":
    for sentence in refusals():
        sys.exit(sentence)
