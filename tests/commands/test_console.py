"""The progress bar."""

import pytest

from scaffold.commands.console import Progress


def test_the_bar_shows_count_rate_and_time_left() -> None:
    """After fifty of two hundred in two seconds."""
    progress = Progress(200)
    for _ in range(50):
        progress.advance()
    assert progress.render(2.0) == f"{'█' * 6}{'░' * 18} 50/200  25.0/s  6 s left"


def test_long_times_are_in_minutes() -> None:
    """Above one minute."""
    progress = Progress(200)
    progress.advance()
    assert progress.render(1.0).endswith("1/200  1.0/s  3 min 19 s left")


def test_the_bar_is_hidden_outside_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs contain no progress bar."""
    progress = Progress(2)
    progress.advance()
    progress.clear()
    assert capsys.readouterr() == ("", "")
