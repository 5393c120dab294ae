"""The bar that shows how far a long run is."""

import pytest

from scaffold.commands.console import Progress


def test_it_tells_how_many_how_fast_and_how_long() -> None:
    """After fifty of two hundred in two seconds."""
    progress = Progress(200)
    for _ in range(50):
        progress.step()
    assert progress.text(2.0) == f"{'█' * 6}{'░' * 18} 50/200  25.0/s  6 s left"


def test_long_times_are_in_minutes() -> None:
    """As pushing takes them."""
    progress = Progress(200)
    progress.step()
    assert progress.text(1.0).endswith("1/200  1.0/s  3 min 19 s left")


def test_it_is_only_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    """A log gets no bars."""
    progress = Progress(2)
    progress.step()
    progress.end()
    assert capsys.readouterr() == ("", "")
