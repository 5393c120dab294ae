"""Answers are data: merged, derived and checked here, before anything is rendered. Pure but for `load`."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from scaffold.catalog import slugs
from scaffold.catalog.model import SLUG, Question, Template
from scaffold.errors import BadAnswer, ScaffoldError, UsageError

LONGEST = 200
_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
# Control characters, halves of pairs, what turns the direction of text around, marks of byte order, and the
# code points that Unicode gives to no character and that XML and YAML refuse.
_UNSEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufdd0-\\ufdef"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17))
    + "]"
)


def slug_problem(slug: str) -> str | None:
    """Return why this cannot be a project's short name, as a sentence, or None."""
    return slugs.problem(slug)


def check(question: Question, value: str) -> str:
    """Return the answer as it will be used, without blanks around it. Raises BadAnswer with one sentence."""
    if question.kind == "choice":
        return _choice(question, value)
    text = value.strip()
    problem = text_problem(text) or (slug_problem(text) if question.name == SLUG else None)
    if problem is None and question.name == "author_email" and not _EMAIL.fullmatch(text):
        problem = f"{text!r} is not an e-mail address; write one like you@example.com."
    if problem is not None:
        raise BadAnswer(f"{question.name}: {problem}", f"Try: --answer {question.name}=…")
    return text


def default(
    template: Template,
    question: Question,
    so_far: Mapping[str, str],
    suggested: Mapping[str, str] | None = None,
) -> str:
    """Return the answer that is taken if none is given: always one that `check` accepts.

    `so_far` holds the answers to the questions before this one, `suggested` what is known of the person or of
    the directory; a suggestion that would be refused is passed over.
    """
    if question.name in (suggested or {}):
        try:
            return check(question, (suggested or {})[question.name])
        except BadAnswer:
            pass
    if question.kind == "choice":
        return question.default
    rendered = _rendered(template, question, so_far)
    if question.name != SLUG or slug_problem(rendered) is None:
        return rendered
    own = {each.name: each.default for each in template.questions[:1]}
    return slugs.repaired(rendered) or _rendered(template, question, {**so_far, **own})


def resolve(
    template: Template, given: Mapping[str, str], suggested: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return an answer to every question, in order. Raises BadAnswer for a bad key or value."""
    check_keys(template, given)
    answers: dict[str, str] = {}
    for question in template.questions:
        if question.name in given:
            answers[question.name] = check(question, given[question.name])
        else:
            answers[question.name] = default(template, question, answers, suggested)
    return answers


def check_keys(template: Template, given: Mapping[str, object], where: str = "") -> None:
    """Raise BadAnswer for a key that is no question of the template, with the nearest that is."""
    known = [question.name for question in template.questions]
    for key in given:
        if key not in known:
            nearest = get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(known)}."
            raise BadAnswer(f"{where}{template.name} has no question called {key!r}.", hint)


def name_from(directory: Path) -> str:
    """Return a project's name made of a directory's: my-shop becomes My Shop."""
    words = re.split(r"[\s._-]+", directory.name)
    return " ".join(word[0].upper() + word[1:] for word in words if word)


def parse_pair(pair: str) -> tuple[str, str]:
    """Split KEY=VALUE. Raises UsageError if it is not that."""
    key, equals, value = pair.partition("=")
    if not equals or not key.strip():
        raise UsageError(
            f"{pair!r} is not an answer.", "Write it as KEY=VALUE, for example project_name='My Blog'."
        )
    return key.strip(), value


def load(path: Path, template: Template) -> dict[str, str]:
    """Read a TOML file of answers, one `key = "value"` a line. Raises ScaffoldError naming file and line."""
    import tomllib  # noqa: PLC0415 - few runs have such a file

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
            f"{path} is not TOML: {reason}.", 'Write lines like: project_name = "My Blog"'
        ) from error
    for key, value in table.items():
        where = f"{path}{_line_of(source, key)}: "
        check_keys(template, {key: value}, where)
        if not isinstance(value, str):
            raise BadAnswer(f"{where}the answer to {key} is not a text.", f'Put it in quotes: {key} = "…"')
        try:
            check(template.question(key), value)
        except BadAnswer as error:
            raise BadAnswer(f"{where}{error.message}", error.hint) from error
    return table


def _line_of(source: str, key: str) -> str:
    found = re.search(rf"""^[ \t]*\[*["']?{re.escape(key)}["']?[ \t]*[=.\]]""", source, re.MULTILINE)
    return f", line {source.count(chr(10), 0, found.start()) + 1}" if found else ""


def _rendered(template: Template, question: Question, so_far: Mapping[str, str]) -> str:
    if "{" not in question.default:
        return question.default
    from scaffold.engine import render  # noqa: PLC0415 - jinja2 is not worth loading for answers that are all given

    return render.default(template, question.default, so_far)


def _choice(question: Question, value: str) -> str:
    if value in question.values:
        return value
    nearest = get_close_matches(value.lower(), [each.lower() for each in question.values], n=1, cutoff=0.5)
    meant = [each for each in question.values if each.lower() in nearest]
    raise BadAnswer(
        f"{question.name}: {value!r} is not one of {', '.join(question.values)}.",
        f"Did you mean {meant[0]}?" if meant else "",
    )


def text_problem(text: str) -> str | None:
    """Return why no text of a project can be that, as a sentence, or None."""
    if not text:
        return "it may not be empty; write something, or leave it out to get the default."
    if len(text) > LONGEST:
        return f"it has {len(text)} characters; use {LONGEST} at most."
    if any(mark in text for mark in ("{{", "{%", "{#")):
        return "it may not hold {{, {% or {#, which the templates use; put a blank between the two."
    if any(end in text for end in _LINE_ENDS):
        return "it may not hold a line break; write it on one line."
    found = _UNSEEN.search(text)
    return (
        f"it may not hold the character U+{ord(found[0]):04X}, which nobody sees; leave it out."
        if found
        else None
    )
