"""Reject invalid answers before anything is written.

This hook is for plain Cookiecutter; `scaffold` checks the same for each question, and a test compares the two. The
answers arrive as JSON, so that they never become part of this program.
"""

import json
import re
import sys

ANSWERS = dict(json.loads(r'''{{ cookiecutter.items() | list | tojson }}'''))

# >>> src/scaffold/catalog/slugs.py
# <<<

EMAIL = r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
TEMPLATE_SYNTAX = tuple("{" + mark for mark in "#%{")  # not written out, because Jinja renders this file
INVISIBLE = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufdd0-\\ufdef" + "".join(
    f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17)
)


def find_text_problem(text):
    """Return why this text is invalid, or None."""
    if not text.strip() or text != text.strip():
        return "it may not be empty, nor start or end with a space."
    if len(text) > 200:
        return "use at most 200 characters."
    if any(mark in text for mark in TEMPLATE_SYNTAX):
        return f"it may not contain {', '.join(TEMPLATE_SYNTAX)}, which are template syntax."
    if re.search(f"[{INVISIBLE}]", text):
        return "it may not contain a line break or an invisible character."
    return None


def find_problems():
    """Yield a sentence for each invalid answer."""
    for name, value in ANSWERS.items():
        if name.startswith("_"):
            continue
        reason = find_text_problem(value)
        if name == "project_slug":
            reason = reason or find_problem(value)
        if name == "author_email" and not re.fullmatch(EMAIL, value):
            reason = reason or "enter an address like you@example.com."
        if reason:
            yield f"{name}: {reason}"


if __name__ == "__main__":
    for sentence in find_problems():
        sys.exit(sentence)
