"""Placeholders in the texts of an assignment."""

from scaffold.assignment import placeholders


def test_placeholders_in_values_are_not_replaced() -> None:
    """A student's name may look like a placeholder."""
    values = {"student": "{username} & {student}", "username": "ada"}
    assert placeholders.fill("{student} ({username})", values) == "{username} & {student} (ada)"


def test_unknown_placeholders_stay() -> None:
    """Empty braces too."""
    assert placeholders.fill("{section} {}", {"student": "x"}) == "{section} {}"


def test_a_misspelt_placeholder_is_a_problem() -> None:
    """The hint names the most similar one, or all."""
    assert placeholders.find_problem("{sudent}") == (
        "unknown placeholder {sudent}",
        "Did you mean {student}?",
    )
    assert "Use one of: {student}, {first_name}" in str(placeholders.find_problem("{q}"))
    assert placeholders.find_problem("{student} of {section}") is None
