"""Handing out: to real bare repositories, over file:// and ssh, at a pace, and on where it stopped."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold.cohort import push, remote, state
from scaffold.cohort.push import Order, Pace
from tests.course import commits, create, git, repositories, roster, scaffold, write
from tests.templates.harness import tools

# Counts every push to any repository of the host, and refuses each third.
EVERY_THIRD = """\
#!/bin/sh
echo x >> {count}
if [ $(($(wc -l < {count}) % 3)) -eq 0 ]; then echo 'slow down, please' >&2; exit 1; fi
"""


def host(names: list[str], hook: str = "") -> Path:
    """Make bare repositories, as a host has them; `hook` decides on each push."""
    folder = Path("host").absolute()
    for name in names:
        path = folder / f"{name}.git"
        path.mkdir(parents=True)
        git(path, "init", "-q", "--bare", "--initial-branch=main")
        if hook:
            (path / "hooks").mkdir(exist_ok=True)
            (path / "hooks/pre-receive").write_text(hook.format(count=folder / "count"), encoding="utf-8")
            (path / "hooks/pre-receive").chmod(0o755)
    return folder


def there(folder: Path) -> dict[str, str]:
    """Return the commit on main of each bare repository that has one."""
    got = [path for path in sorted(folder.glob("*.git")) if git(path, "for-each-ref")]
    return {path.stem: git(path, "rev-parse", "main") for path in got}


def records() -> dict[str, state.Record]:
    """Return the last record of each repository."""
    return dict(state.read(Path("out")).records)


def hand_out(folder: Path, *args: str, rate: str = "1000") -> dict[str, object]:
    """Push over file://, and return what is said in JSON."""
    pattern = f"file://{folder}/{{repo}}.git"
    result = scaffold("cohort", "push", "out", "--remote", pattern, "--rate", rate, "--json", *args)
    assert result.exit_code in {0, 1}, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return {**found, "code": result.exit_code}


def test_everybody_gets_the_recorded_commit() -> None:
    """On main, and the record says where."""
    create()
    folder = host(list(repositories()))
    assert hand_out(folder)["pushed"] == ["shop-2026-ada", "shop-2026-grace"]
    assert there(folder) == commits()
    ada = records()["shop-2026-ada"]
    assert (ada.step, ada.remote) == ("pushed", f"file://{folder}/shop-2026-ada.git")


def test_the_persons_settings_ask_nothing_more_of_the_host() -> None:
    """Signed pushes, options and tags are refused where nobody set them up."""
    create("--only", "ada")
    folder = host(["shop-2026-ada"])
    git(repositories()["shop-2026-ada"], "tag", "-am", "Mine", "mine")
    (Path.home() / ".gitconfig").write_text(
        "[push]\ngpgSign = true\npushOption = ci.skip\nfollowTags = true\n", encoding="utf-8"
    )
    assert hand_out(folder)["pushed"] == ["shop-2026-ada"]
    assert git(folder / "shop-2026-ada.git", "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_what_is_pushed_is_not_pushed_again() -> None:
    """The host hears nothing of the second run; a new student is pushed alone."""
    create()
    folder = host([*repositories(), "shop-2026-lin"], EVERY_THIRD)
    hand_out(folder)
    pushes = (folder / "count").read_text(encoding="utf-8")
    assert hand_out(folder)["before"] == ["shop-2026-ada", "shop-2026-grace"]
    assert (folder / "count").read_text(encoding="utf-8") == pushes
    write({"roster.csv": "username\nada\ngrace\nlin\n"})
    create()
    assert hand_out(folder)["pushed"] == ["shop-2026-lin"]


def test_a_remote_that_refuses_every_third_push_ends_complete() -> None:
    """Each refusal is tried again, later."""
    write({"roster.csv": roster(9)})
    create()
    folder = host(list(repositories()), EVERY_THIRD)
    result = hand_out(folder)
    assert (result["failed"], result["stopped"], result["code"]) == ([], "", 0)
    assert there(folder) == commits()
    assert len((folder / "count").read_text(encoding="utf-8").splitlines()) == 9 + 4


def test_a_copy_knows_where_its_student_pushes() -> None:
    """A plain `git pull` brings what they have done."""
    create("--only", "ada")
    folder = host(["shop-2026-ada"])
    hand_out(folder)
    git(Path(), "clone", "-q", str(folder / "shop-2026-ada.git"), "student")
    Path("student/src/app.py").write_text("app = 2\n", encoding="utf-8")
    git(Path("student"), "commit", "-qam", "Mine")
    git(Path("student"), "push", "-q")
    git(repositories()["shop-2026-ada"], "pull", "-q")
    assert git(repositories()["shop-2026-ada"], "log", "-1", "--format=%s") == "Mine"


def test_a_push_that_was_done_but_not_recorded_is_found() -> None:
    """A run was killed, and the student has worked on since: that is no refusal."""
    create("--only", "ada")
    folder = host(["shop-2026-ada"])
    hand_out(folder)
    git(Path(), "clone", "-q", str(folder / "shop-2026-ada.git"), "student")
    git(Path("student"), "commit", "-q", "--allow-empty", "-m", "Mine")
    git(Path("student"), "push", "-q")
    lines = Path("out/cohort.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("out/cohort.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    assert hand_out(folder)["pushed"] == ["shop-2026-ada"]
    assert git(folder / "shop-2026-ada.git", "log", "-1", "--format=%s", "main") == "Mine"


def test_a_repository_with_something_else_in_it_is_not_overwritten() -> None:
    """It fails at once, with the reason, and the others go on."""
    create()
    folder = host(list(repositories()))
    git(Path(), "clone", "-q", str(folder / "shop-2026-ada.git"), "other")
    git(Path("other"), "commit", "-q", "--allow-empty", "-m", "Other")
    git(Path("other"), "push", "-q", "origin", "HEAD:main")
    before = git(folder / "shop-2026-ada.git", "rev-parse", "main")
    result = hand_out(folder)
    assert result["pushed"] == ["shop-2026-grace"]
    assert git(folder / "shop-2026-ada.git", "rev-parse", "main") == before
    assert "rejected" in records()["shop-2026-ada"].error


def test_a_host_that_is_not_there_stops_after_three() -> None:
    """Two hundred wrong addresses are not tried, and the exit code says so."""
    write({"roster.csv": roster(6)})
    create()
    result = hand_out(Path("nowhere").absolute())
    assert result["code"] == 1
    assert len(list(result["failed"] or [])) == 3  # type: ignore[call-overload]
    assert result["stopped"] == "3 in a row failed, so the other 3 were not tried"
    folder = host(list(repositories()))
    shown = scaffold(
        "cohort", "push", "out", "--remote", f"file://{folder}/{{repo}}.git", "--rate", "99", "--failed"
    )
    assert shown.stdout == "✔ 3 pushed, 0 were there before.\n"
    assert hand_out(folder)["code"] == 0


def test_only_one() -> None:
    """Whom it names."""
    create()
    folder = host(list(repositories()))
    assert hand_out(folder, "--only", "grace")["pushed"] == ["shop-2026-grace"]
    assert list(there(folder)) == ["shop-2026-grace"]


def test_a_dry_run_pushes_nothing() -> None:
    """It says what goes where, without credentials."""
    create()
    pattern = "https://me:s3cret@host.example/{repo}.git"
    shown = scaffold("cohort", "push", "out", "--remote", pattern, "--dry-run")
    assert shown.stdout.splitlines()[0] == "push  shop-2026-ada  to https://host.example/shop-2026-ada.git"
    assert "s3cret" not in shown.output
    assert {record.step for record in records().values()} == {"committed"}


def test_credentials_are_neither_printed_nor_kept() -> None:
    """A host that cannot be reached is where they used to leak."""
    create("--only", "ada")
    pattern = "https://me:s3cret@127.0.0.1:9/{repo}.git"
    order = Order(remote.parse(pattern))
    report = push.push(Path("out"), order, Pace(sleep=lambda _: None), lambda _: None)
    assert "127.0.0.1" in report.failed[0].error
    kept = "".join(
        path.read_text("utf-8")
        for path in (Path("out/cohort.jsonl"), repositories()["shop-2026-ada"] / ".git/config")
    )
    assert "s3cret" not in kept + report.failed[0].error


def test_what_is_not_committed_waits() -> None:
    """Files alone cannot be pushed."""
    create("--no-git")
    assert hand_out(host([]))["unmade"] == ["shop-2026-ada", "shop-2026-grace"]


def test_the_pace_is_one_a_second() -> None:
    """By the clock, not by counting how long git took."""
    now = [100.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(sleep=sleep, clock=lambda: now[0])
    for took in (0.25, 0.25, 3.0, 0.0):
        pace.turn()
        now[0] += took
    assert slept == [0.75, 0.75]


def test_refusals_are_waited_out_longer_and_longer() -> None:
    """Doubling, by a half more or less, and never more than a minute and a half."""
    slept: list[float] = []
    pace = Pace(sleep=slept.append, vary=lambda _low, high: high)
    for refusals in range(1, 8):
        pace.back_off(refusals)
    assert slept == [3.0, 6.0, 12.0, 24.0, 48.0, 90.0, 90.0]
    spread: list[float] = []
    for _ in range(20):
        Pace(sleep=spread.append).back_off(1)
    assert len(set(spread)) > 1
    assert all(1.0 <= seconds <= 3.0 for seconds in spread)


def test_git_that_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a cohort needs no git; pushing does."""
    monkeypatch.setenv("PATH", "")
    create()
    result = scaffold("cohort", "push", "out", "--remote", "file:///x/{repo}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: git is not installed, and pushing needs it.")


def test_a_git_that_does_not_run_is_not_tried_again_and_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a Mac without developer tools: its note is passed on at once."""
    create()
    (tmp_path / "git").write_text("#!/bin/sh\necho 'xcode-select: note: none.' >&2; exit 1\n", "utf-8")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = scaffold("cohort", "push", "out", "--remote", "file:///x/{repo}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "git does not run (xcode-select: note: none), and pushing needs it." in result.stderr
    assert {record.step for record in records().values()} == {"committed"}


@pytest.fixture
def sshd(need: tools.Needs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve ssh on a free loopback port to the one key that this test has; returns user, host and port."""
    program, folder = need("sshd"), tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
        f"StrictModes no\nAuthorizedKeysFile {folder}/authorized_keys\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\n",
        encoding="utf-8",
    )
    key = (folder / "host.pub").read_text(encoding="ascii")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}", encoding="ascii")
    monkeypatch.setenv(
        "GIT_SSH_COMMAND",
        f"ssh -F none -i {folder}/user -o IdentitiesOnly=yes -o BatchMode=yes "
        f"-o UserKnownHostsFile={folder}/known_hosts",
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([program, "-D", "-e", "-f", folder / "config"], stderr=log)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, (folder / "log").read_text("utf-8")
            time.sleep(0.02)
        yield f"{getpass.getuser()}@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def test_over_ssh(sshd: str) -> None:
    """With the person's own key, to a host that refuses every third push."""
    write({"roster.csv": roster(4)})
    create()
    folder = host(list(repositories()), EVERY_THIRD)
    pattern = f"ssh://{sshd}{folder}/{{repo}}.git"
    result = scaffold("cohort", "push", "out", "--remote", pattern, "--rate", "50")
    assert (result.exit_code, result.stdout) == (0, "✔ 4 pushed, 0 were there before.\n"), result.output
    assert there(folder) == commits()
    assert records()["shop-2026-user0"].remote == pattern.replace("{repo}", "shop-2026-user0")


def test_a_key_that_is_not_known_is_refused_once(sshd: str, tmp_path: Path) -> None:
    """Trying again would lock people out."""
    create("--only", "ada")
    (tmp_path / "ssh/authorized_keys").write_text("", encoding="utf-8")
    slept: list[float] = []
    order = Order(remote.parse(f"ssh://{sshd}/x/{{repo}}.git"))
    report = push.push(Path("out"), order, Pace(sleep=slept.append), lambda _: None)
    assert "Permission denied" in report.failed[0].error
    assert slept == []
