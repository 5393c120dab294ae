"""The errors that users can fix."""

import pytest

from scaffold.errors import BadAnswer, ScaffoldError, TemplateError, UsageError


@pytest.mark.parametrize(
    ("kind", "code"), [(ScaffoldError, 1), (BadAnswer, 1), (TemplateError, 1), (UsageError, 2)]
)
def test_each_error_has_its_exit_code(kind: type[ScaffoldError], code: int) -> None:
    """2 for invalid usage, 1 for every other error that the user can fix."""
    assert kind("It failed.").exit_code == code


def test_an_error_has_a_message_and_a_hint() -> None:
    """The message is also the text of a traceback."""
    error = ScaffoldError("The port is in use.", "Choose another.")
    assert (str(error), error.message, error.hint) == (
        "The port is in use.",
        "The port is in use.",
        "Choose another.",
    )


def test_the_hint_is_optional() -> None:
    """Not every error has a next step."""
    assert ScaffoldError("It failed.").hint == ""
