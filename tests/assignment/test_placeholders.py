"""Placeholders in texts."""

from scaffold.assignment import placeholders


def test_they_are_filled_once() -> None:
    """What a student is called is text, be it a placeholder."""
    values = {"student": "{username} & {student}", "username": "ada"}
    assert placeholders.fill("{student} ({username})", values) == "{username} & {student} (ada)"


def test_what_is_not_known_stays() -> None:
    """As do braces that are none."""
    assert placeholders.fill("{section} {}", {"student": "x"}) == "{section} {}"


def test_a_misspelt_one_is_told() -> None:
    """With the one that was meant, or all that there are."""
    assert placeholders.problem("{sudent}") == ("{sudent} is no placeholder", "Did you mean {student}?")
    assert "There are: {student}, {first_name}" in str(placeholders.problem("{q}"))
    assert placeholders.problem("{student} of {section}") is None
