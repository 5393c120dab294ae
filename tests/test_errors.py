"""The failures that end in one sentence."""

import pytest

from scaffold.errors import BadAnswer, ScaffoldError, TemplateError, UsageError


@pytest.mark.parametrize(
    ("kind", "code"), [(ScaffoldError, 1), (BadAnswer, 1), (TemplateError, 1), (UsageError, 2)]
)
def test_each_kind_has_its_exit_code(kind: type[ScaffoldError], code: int) -> None:
    """Bad usage ends with 2, everything else that a person can mend with 1."""
    assert kind("It is so.").exit_code == code


def test_an_error_carries_its_sentence_and_its_hint() -> None:
    """The sentence is also what a traceback shows."""
    error = ScaffoldError("The cake is a lie.", "Bake another.")
    assert (str(error), error.message, error.hint) == (
        "The cake is a lie.",
        "The cake is a lie.",
        "Bake another.",
    )


def test_a_hint_may_be_missing() -> None:
    """Not every failure has a next step."""
    assert ScaffoldError("It is so.").hint == ""
