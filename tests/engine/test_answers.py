"""An answer is either accepted unchanged or refused with a message."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.catalog import registry
from scaffold.catalog.model import Choice, Question
from scaffold.engine import answers
from scaffold.errors import BadAnswer, ScaffoldError, UsageError
from tests.conftest import MakeTemplate

NAME = Question("project_name", "Name?", "text", "My Shop")
SLUG = Question("project_slug", "Slug?", "text", "my_shop")
EMAIL = Question("author_email", "E-mail?", "text", "you@example.com")
CI = Question("ci", "CI?", "choice", "github", (Choice("github", "GitHub"), Choice("gitlab", "GitLab")))

BLOG = registry.find("blog-django")


@pytest.mark.parametrize(
    "text",
    [
        """He said "hi" & 'bye'""",
        r"back\slash",
        "$(touch pwned) `id`",
        "{x} }} %} #}",
        "Zoë Ångström",
        "👩🏽‍💻 🐍",
        "مدونة بالعربية",
        "x" * 200,
        "name=value",
    ],
)
def test_a_valid_text_is_unchanged(text: str) -> None:
    """Quotes, shell syntax, and letters of any script are kept."""
    assert answers.check(NAME, text) == text


def test_surrounding_whitespace_is_removed() -> None:
    """It is never intended, and most file formats lose it."""
    assert answers.check(NAME, "  My Shop ") == "My Shop"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it may not be empty"),
        (" \t ", "it may not be empty"),
        ("x" * 201, "it has 201 characters; use at most 200"),
        ("{{ 7*7 }}", "it may not contain {{, {% or {#"),
        ("{% raw %}", "it may not contain {{, {% or {#"),
        ("a {# b", "it may not contain {{, {% or {#"),
        ("a\nb", "it may not contain a line break"),
        ("a\rb", "it may not contain a line break"),
        ("a\x85b", "it may not contain a line break"),
        ("a\u2028b", "it may not contain a line break"),
        ("a\tb", "U+0009"),
        ("a\x00b", "U+0000"),
        ("a\x7fb", "U+007F"),
        ("a\x9fb", "U+009F"),
        ("a\ud800b", "U+D800"),
        ("a\u202eb", "U+202E"),
        ("a\u2066b", "U+2066"),
        ("a\ufeffb", "U+FEFF"),
        ("a\uffffb", "U+FFFF"),
        ("a\U0001fffeb", "U+1FFFE"),
        ("a\ufdd0b", "U+FDD0"),
    ],
)
def test_an_unsafe_text_is_refused(text: str, said: str) -> None:
    """The message names the question and the reason."""
    with pytest.raises(BadAnswer) as caught:
        answers.check(NAME, text)
    assert caught.value.message.startswith("project_name: ")
    assert said in caught.value.message
    assert caught.value.hint == "Try: --answer project_name=…"


@given(st.text())
def test_every_text_is_either_accepted_or_refused(text: str) -> None:
    """An accepted text contains no control characters."""
    try:
        kept = answers.check(NAME, text)
    except BadAnswer as error:
        assert "\n" not in error.message
        assert error.message.isprintable()
    else:
        assert kept == text.strip()
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in kept)
        assert kept.encode()


@pytest.mark.parametrize(
    "address", ["you@example.com", "o'brien+blog@example.co.uk", "a.b-c_d@sub.example.org"]
)
def test_e_mail_addresses_are_accepted(address: str) -> None:
    """The common forms."""
    assert answers.check(EMAIL, address) == address


@pytest.mark.parametrize(
    "address", ["you", "you@localhost", "a b@example.com", 'a"b@example.com', "a@-x.com", "@x.com"]
)
def test_an_invalid_e_mail_address_is_refused(address: str) -> None:
    """So is any address that would need quoting in a file."""
    with pytest.raises(BadAnswer, match=r"is not an e-mail address; enter one like you@example\.com"):
        answers.check(EMAIL, address)


def test_a_bad_slug_is_refused_at_its_question() -> None:
    """The message of `find_slug_problem`, after the name of the question."""
    with pytest.raises(BadAnswer, match=r"project_slug: 'my-shop' is not a valid short name.*'my_shop'"):
        answers.check(SLUG, "my-shop")


@pytest.mark.parametrize(("value", "hint"), [("GitLab", "Did you mean gitlab?"), ("zzz", "")])
def test_a_choice_must_be_one_of_its_values(value: str, hint: str) -> None:
    """The message lists the values, the hint names the closest one."""
    with pytest.raises(BadAnswer) as caught:
        answers.check(CI, value)
    assert caught.value.message == f"ci: '{value}' is not one of github, gitlab."
    assert caught.value.hint == hint


def test_a_valid_choice_is_unchanged() -> None:
    """The value itself is returned."""
    assert answers.check(CI, "gitlab") == "gitlab"


def test_every_question_has_a_default(make_template: MakeTemplate) -> None:
    """In the order of the questions. The slug is derived from the name."""
    template = make_template({}, ci=["github", "gitlab"])
    resolved = answers.resolve(template, {"project_name": "Ada's Shop"})
    assert list(resolved.items()) == [
        ("project_name", "Ada's Shop"),
        ("project_slug", "ada_s_shop"),
        ("ci", "github"),
    ]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("3D Printing", "my_3d_printing"),
        ("Django", "my_django"),
        ("🎉", "my_shop"),
        ("A", "my_a"),
        ("Ελλάδα", "ellada"),
        ("x" * 80, "x" * 50),
        ("Tests", "my_tests"),
    ],
)
def test_a_derived_slug_is_valid(make_template: MakeTemplate, name: str, slug: str) -> None:
    """If the name gives no valid slug, the closest valid one is used, or else the template's default."""
    assert answers.resolve(make_template({}), {"project_name": name})["project_slug"] == slug


@given(st.text())
def test_every_valid_name_gives_a_valid_slug(name: str) -> None:
    """For any text that a user enters."""
    try:
        given_name = answers.check(NAME, name)
    except BadAnswer:
        return
    assert (
        answers.find_slug_problem(answers.resolve(BLOG, {"project_name": given_name})["project_slug"]) is None
    )


def test_all_given_answers_are_checked(make_template: MakeTemplate) -> None:
    """Including answers to questions that the interview skips."""
    with pytest.raises(BadAnswer, match="project_slug: 'class' is not a valid"):
        answers.resolve(make_template({}), {"project_slug": "class"})


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("projectname", "Did you mean project_name?"),
        ("zzz", "Available questions: project_name, project_slug."),
    ],
)
def test_an_unknown_key_is_refused_with_the_closest(make_template: MakeTemplate, key: str, hint: str) -> None:
    """Cookiecutter would ignore it."""
    with pytest.raises(BadAnswer) as caught:
        answers.resolve(make_template({}), {key: "x"})
    assert caught.value.message == f"shop has no question called '{key}'."
    assert caught.value.hint == hint


def test_private_variables_are_not_questions(make_template: MakeTemplate) -> None:
    """The command line cannot set `_optional`."""
    with pytest.raises(BadAnswer, match="no question called '_optional'"):
        answers.resolve(make_template({}), {"_optional": "x"})


def test_a_suggestion_overrides_the_default(make_template: MakeTemplate) -> None:
    """But an answer overrides the suggestion."""
    template = make_template({})
    assert answers.resolve(template, {}, {"project_name": "Your Shop"})["project_slug"] == "your_shop"
    assert (
        answers.resolve(template, {"project_name": "Ours"}, {"project_name": "Yours"})["project_name"]
        == "Ours"
    )


def test_an_invalid_suggestion_is_ignored(make_template: MakeTemplate) -> None:
    """An unusual name in git's configuration is not an error."""
    assert answers.resolve(make_template({}), {}, {"project_name": "{{ x }}"})["project_name"] == "My Shop"


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("my-shop", "My Shop"),
        ("/srv/adas_shop.v2", "Adas Shop V2"),
        ("myAPI", "MyAPI"),
        ("..", ""),
        ("été", "Été"),
    ],
)
def test_a_name_is_derived_from_the_directory(directory: str, name: str) -> None:
    """Each word starts with a capital letter."""
    assert answers.derive_name(Path(directory)) == name


@pytest.mark.parametrize(
    ("pair", "parts"),
    [("a=b", ("a", "b")), ("a=b=c", ("a", "b=c")), ("a=", ("a", "")), (" a =b", ("a", "b"))],
)
def test_a_pair_is_split_at_its_first_equals_sign(pair: str, parts: tuple[str, str]) -> None:
    """A value may contain more of them."""
    assert answers.parse_pair(pair) == parts


@pytest.mark.parametrize("pair", ["project_name", "=x", ""])
def test_an_invalid_pair_is_a_usage_error(pair: str) -> None:
    """The hint shows an example."""
    with pytest.raises(UsageError) as caught:
        answers.parse_pair(pair)
    assert caught.value.message == f"{pair!r} is not a KEY=VALUE pair."
    assert caught.value.hint == "Write, for example: --answer project_name='My Blog'"


def write(text: str) -> Path:
    """Write an answers file into the current folder."""
    path = Path("answers.toml")
    path.write_bytes(text.encode())
    return path


def test_an_answers_file_is_read(make_template: MakeTemplate) -> None:
    """A byte order mark from a Windows editor is ignored."""
    path = write('\ufeffproject_name = "Ada\'s \\"Shop\\""\r\nproject_slug = "adas_shop"\r\n')
    assert answers.load(path, make_template({})) == {
        "project_name": 'Ada\'s "Shop"',
        "project_slug": "adas_shop",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("project_name = \n", "answers.toml is not valid TOML: Invalid value (at line 1, column 16)."),
        ("# x\nproject_slug = 3\n", "answers.toml, line 2: the answer to project_slug is not a string."),
        ("[project_name]\n", "answers.toml, line 1: the answer to project_name is not a string."),
        ("project_name.x = '1'\n", "answers.toml, line 1: the answer to project_name is not a string."),
        ("\n\nnmae = 'x'\n", "answers.toml, line 3: shop has no question called 'nmae'."),
        ("project_slug = 'class'\n", "answers.toml, line 1: project_slug: 'class' is not a valid short name"),
        ('"project\\u005Fname" = 1\n', "answers.toml: the answer to project_name is not a string."),
    ],
)
def test_an_invalid_answers_file_is_refused_with_its_line(
    make_template: MakeTemplate, text: str, said: str
) -> None:
    """The message names the file and, if known, the line."""
    with pytest.raises(BadAnswer) as caught:
        answers.load(write(text), make_template({}))
    assert caught.value.message.startswith(said)


def test_an_answers_file_that_is_not_text(make_template: MakeTemplate) -> None:
    """Bytes that are not UTF-8 are refused."""
    path = Path("answers.toml")
    path.write_bytes(b"project_name = '\xff'\n")
    with pytest.raises(BadAnswer, match=r"answers\.toml is not valid TOML: it is not UTF-8 text\."):
        answers.load(path, make_template({}))


def test_a_missing_answers_file(make_template: MakeTemplate) -> None:
    """The message names the path."""
    with pytest.raises(ScaffoldError, match=r"nowhere\.toml cannot be read: No such file or directory\."):
        answers.load(Path("nowhere.toml"), make_template({}))
