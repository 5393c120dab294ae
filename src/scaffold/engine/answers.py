"""Validate answers, and fill in defaults, before anything is rendered. Only `load` reads a file."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from scaffold.catalog import slugs
from scaffold.catalog.model import EDITION, MILESTONE, SLUG, Question, Template
from scaffold.errors import BadAnswer, ScaffoldError, UsageError

MAX_LENGTH = 200
_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
# Control characters, surrogates, bidirectional controls, byte order marks, and the noncharacters that XML and
# YAML reject.
_INVISIBLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufdd0-\\ufdef"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17))
    + "]"
)


def find_slug_problem(slug: str) -> str | None:
    """Return a sentence that says why this short name is invalid, or None."""
    return slugs.find_problem(slug)


def check(question: Question, value: str) -> str:
    """Return the answer without surrounding whitespace. Raises BadAnswer if it is invalid."""
    if question.kind == "choice":
        return _check_choice(question, value)
    text = value.strip()
    problem = find_text_problem(text) or (find_slug_problem(text) if question.name == SLUG else None)
    if problem is None and question.name == "author_email" and not _EMAIL.fullmatch(text):
        problem = f"{text!r} is not an e-mail address; enter one like you@example.com."
    if problem is not None:
        raise BadAnswer(f"{question.name}: {problem}", f"Try: --answer {question.name}=…")
    return text


def get_default(
    template: Template,
    question: Question,
    so_far: Mapping[str, str],
    suggested: Mapping[str, str] | None = None,
) -> str:
    """Return the default answer to a question; `check` accepts it.

    `so_far` holds the answers to earlier questions, `suggested` values from git's configuration or the
    directory name. Invalid suggestions are ignored.
    """
    if question.name in (suggested or {}):
        try:
            return check(question, (suggested or {})[question.name])
        except BadAnswer:
            pass
    if question.kind == "choice":
        return question.default
    rendered = _render_default(template, question, so_far)
    if question.name != SLUG or find_slug_problem(rendered) is None:
        return rendered
    own = {each.name: each.default for each in template.questions[:1]}
    return slugs.suggest(rendered) or _render_default(template, question, {**so_far, **own})


def resolve(
    template: Template, given: Mapping[str, str], suggested: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return an answer to every question, in order. Raises BadAnswer for an unknown key or invalid value."""
    check_keys(template, given)
    answers: dict[str, str] = {}
    for question in template.questions:
        if question.name in given:
            answers[question.name] = check(question, given[question.name])
        else:
            answers[question.name] = get_default(template, question, answers, suggested)
    return answers


def check_keys(template: Template, given: Mapping[str, object], where: str = "") -> None:
    """Raise BadAnswer for the first key that is not a question of the template."""
    known = [question.name for question in template.questions]
    for key in given:
        if key not in known and key in {MILESTONE, EDITION}:
            raise BadAnswer(
                f"{where}{template.name} has no milestones.",
                f"Do not set {key}; the project is always complete.",
            )
        if key not in known:
            closest = get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"Did you mean {closest[0]}?" if closest else f"Available questions: {', '.join(known)}."
            raise BadAnswer(f"{where}{template.name} has no question called {key!r}.", hint)


def derive_name(directory: Path) -> str:
    """Return a project name derived from a directory name: my-shop becomes My Shop."""
    words = re.split(r"[\s._-]+", directory.name)
    return " ".join(word[0].upper() + word[1:] for word in words if word)


def parse_pair(pair: str) -> tuple[str, str]:
    """Return the key and the value of KEY=VALUE. Raises UsageError if there is no key."""
    key, equals, value = pair.partition("=")
    if not equals or not key.strip():
        raise UsageError(
            f"{pair!r} is not a KEY=VALUE pair.", "Write, for example: --answer project_name='My Blog'"
        )
    return key.strip(), value


def load(path: Path, template: Template) -> dict[str, str]:
    """Return the answers in a TOML file. Raises ScaffoldError with the file and, if known, the line."""
    import tomllib  # noqa: PLC0415 - few runs read an answers file

    try:
        source = path.read_bytes().decode("utf-8-sig")
        table = tomllib.loads(source)
    except OSError as error:
        raise ScaffoldError(
            f"{path} cannot be read: {error.strerror}.", "Check the path after --answers."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        raise BadAnswer(
            f"{path} is not valid TOML: {reason}.", 'Write lines like: project_name = "My Blog"'
        ) from error
    found: dict[str, str] = {}
    for key, raw in table.items():
        where = f"{path}{_line_of(source, key)}: "
        check_keys(template, {key: raw}, where)
        value = to_text(key, raw)
        if value is None:
            raise BadAnswer(f"{where}the answer to {key} is not a string.", f'Put it in quotes: {key} = "…"')
        try:
            check(template.get_question(key), value)
        except BadAnswer as error:
            raise BadAnswer(f"{where}{error.message}", error.hint) from error
        found[key] = value
    return found


def to_text(name: str, value: object) -> str | None:
    """Return a TOML value as an answer: a string, or the number of a milestone; None for any other value."""
    if name == MILESTONE and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _line_of(source: str, key: str) -> str:
    found = re.search(rf"""^[ \t]*\[*["']?{re.escape(key)}["']?[ \t]*[=.\]]""", source, re.MULTILINE)
    return f", line {source.count(chr(10), 0, found.start()) + 1}" if found else ""


def _render_default(template: Template, question: Question, so_far: Mapping[str, str]) -> str:
    if "{" not in question.default:
        return question.default
    from scaffold.engine import render  # noqa: PLC0415 - do not import jinja2 if every answer is given

    return render.default(template, question.default, so_far)


def _check_choice(question: Question, value: str) -> str:
    if value in question.values:
        return value
    closest = get_close_matches(value.lower(), [each.lower() for each in question.values], n=1, cutoff=0.5)
    matches = [each for each in question.values if each.lower() in closest]
    raise BadAnswer(
        f"{question.name}: {value!r} is not one of {', '.join(question.values)}.",
        f"Did you mean {matches[0]}?" if matches else "",
    )


def find_text_problem(text: str) -> str | None:
    """Return a sentence that says why this text is invalid in a project, or None."""
    if not text:
        return "it may not be empty; enter a value, or omit it to use the default."
    if len(text) > MAX_LENGTH:
        return f"it has {len(text)} characters; use at most {MAX_LENGTH}."
    if any(mark in text for mark in ("{{", "{%", "{#")):
        return "it may not contain {{, {% or {#, which are template syntax; separate the two characters."
    if any(character in text for character in _LINE_BREAKS):
        return "it may not contain a line break; write it on one line."
    found = _INVISIBLE.search(text)
    return f"it may not contain the invisible character U+{ord(found[0]):04X}; remove it." if found else None
