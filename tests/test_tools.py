"""What maintainers run: pins are complete and match their seeds, and a failure is blamed on its package."""

import tomllib
from datetime import date
from pathlib import Path

import pins
import proof
import prove
import pytest
import refresh_pins
from pins import Change, Pin, PinSet

DAY = date(2026, 11, 28)
TARGETS = pins.targets()


def pin_set(**versions: str) -> PinSet:
    """Return pins without markers."""
    return PinSet(DAY, tuple(Pin(name, version) for name, version in versions.items()))


def test_pins_survive_writing_and_reading() -> None:
    """A pin set read from its own text is the same, with its day and its markers."""
    made = PinSet(DAY, (Pin("colorama", "0.4.6", "sys_platform == 'win32'"), Pin("django", "6.1.3")))

    assert pins.parse(made.constraints()) == made


def test_a_line_that_is_no_pin_is_refused() -> None:
    """A range among the pins is named."""
    with pytest.raises(ValueError, match=r"'django>=6' is not a pin\. Write it as name==version\."):
        pins.parse("django>=6\n")


def test_a_seed_names_versions_and_no_address() -> None:
    """The seed is TOML with each package at its version, from an index that is not named."""
    seed = pin_set(django="6.1.3", asgiref="3.13.0").seed(">=3.12")

    lock = tomllib.loads(seed)
    assert {row["name"]: row["version"] for row in lock["package"]} == {
        "django": "6.1.3",
        "asgiref": "3.13.0",
    }
    assert lock["requires-python"] == ">=3.12"
    assert "//" not in seed


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.seeded])
def test_each_seed_is_made_from_its_pins(name: str) -> None:
    """The `uv.lock` of a template holds exactly the versions of its `constraints.txt`."""
    assert refresh_pins.main([name, "--check"]) == 0


def test_a_seed_that_was_edited_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` ends with 1 and says which command makes the seed again."""
    target = pins.Target("shop", tmp_path, ">=3.12", (), seeded=True)
    target.write(pin_set(flask="3.1.3"))
    monkeypatch.setattr(pins, "targets", lambda: {"shop": target})
    assert refresh_pins.main(["--check"]) == 0
    lock = tmp_path / "uv.lock"
    lock.write_text(lock.read_text().replace("3.1.3", "3.1.2"))

    assert refresh_pins.main(["--check"]) == 1
    assert capsys.readouterr().out == (
        "The uv.lock of shop does not match its constraints.txt. Run: python tools/refresh_pins.py shop\n"
    )


@pytest.mark.parametrize("name", TARGETS)
def test_every_direct_requirement_is_pinned(name: str) -> None:
    """What a project, this repository or its benchmarks requires has a pin, for every answer."""
    target = TARGETS[name]
    required = {pins.requirement_name(line) for line in target.requirements}

    assert required - set(target.read().versions) == set()


def test_changes_name_what_came_moved_and_went() -> None:
    """Two pin sets differ in packages that are new, at another version, or gone."""
    old = pin_set(django="6.1.2", nh3="0.3.7", pillow="13.0.0")
    new = pin_set(django="6.1.3", pillow="13.0.0", whitenoise="6.12.0")

    assert old.changes(new) == (
        Change("django", "6.1.2", "6.1.3"),
        Change("nh3", "0.3.7", ""),
        Change("whitenoise", "", "6.12.0"),
    )


@pytest.mark.parametrize("culprit", ["a", "d", "g", "h"])
def test_a_failure_is_blamed_on_the_package_that_made_it(culprit: str) -> None:
    """Wherever it stands among the changes, the package is found, in no more tries than halving takes."""
    old, new = pin_set(**dict.fromkeys("abcdefgh", "1")), pin_set(**dict.fromkeys("abcdefgh", "2"))
    tried: list[PinSet] = []

    def passes(trial: PinSet) -> bool:
        tried.append(trial)
        return trial.versions[culprit] == "1"

    assert proof.blame(old, new, passes, say=lambda _: None) == (Change(culprit, "1", "2"),)
    assert len(tried) <= 4


def test_old_pins_that_fail_blame_no_package() -> None:
    """Where the pinned versions fail as well, no release did it."""
    found = proof.blame(pin_set(a="1"), pin_set(a="2"), lambda _: False, say=lambda _: None)

    assert proof.accusation(found).startswith("The pinned versions fail as well")


def test_new_pins_that_fail_are_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refresh whose project fails keeps the old pins, names the package and ends with 1."""
    old, new = pin_set(allauth="65.21.1", django="6.1.3"), pin_set(allauth="65.22.1", django="6.1.4")
    target = pins.Target("shop", tmp_path, ">=3.12", (), seeded=True)
    target.write(old)

    def verdict(_template: str, _answers: object, trial: PinSet) -> proof.Verdict:
        failed = proof.CHECK if trial.versions["allauth"] == "65.22.1" else ""
        return proof.Verdict("shop", {}, failed, "1 failed, 593 passed", trial, 1.0)

    monkeypatch.setattr(pins, "targets", lambda: {"shop": target})
    monkeypatch.setattr(pins, "resolve", lambda *_, **__: new)
    monkeypatch.setattr(proof, "prove", verdict)

    assert refresh_pins.main([]) == 1
    said = capsys.readouterr().out
    assert "1 failed, 593 passed" in said
    assert "It fails since allauth went from 65.21.1 to 65.22.1." in said
    assert target.read() == old


@pytest.mark.parametrize("program", [prove, refresh_pins])
def test_an_unknown_name_is_refused(program: object, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is none ends with 2 and lists those there are."""
    with pytest.raises(SystemExit) as ended:
        program.main(["blog"])  # type: ignore[attr-defined] # both have it

    assert ended.value.code == 2
    assert "called 'blog'. There are: blog-django, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-a", "ci=circle"], "ci: 'circle' is not one of github, gitlab, jenkins."),
        (["-a", "colour=red"], "has no question called 'colour'."),
        (["-a", "ci"], "'ci' is not a KEY=VALUE pair. Write, for example"),
        (["--as-of", "never"], "'never' is not a date. Write it as YYYY-MM-DD, for example 2026-11-28."),
    ],
)
def test_a_proof_refuses_what_it_cannot_take(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad answer or day is named in one sentence before anything is generated, with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        prove.main(["ecommerce-flask", *words])

    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
