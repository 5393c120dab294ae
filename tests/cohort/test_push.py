"""`scaffold cohort push`: to real bare repositories over file:// and ssh, with rate limit and retries."""

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
from scaffold.cohort.push import PushOptions, RateLimiter
from tests.course import commits, create, git, repositories, roster, scaffold, write
from tests.templates.harness import tools

# A hook that counts the pushes to all repositories of the host, and refuses every third.
EVERY_THIRD = """\
#!/bin/sh
echo x >> {count}
if [ $(($(wc -l < {count}) % 3)) -eq 0 ]; then echo 'slow down, please' >&2; exit 1; fi
"""


def host(names: list[str], hook: str = "") -> Path:
    """Create bare repositories as a host would, with `hook` as their pre-receive hook."""
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


def pushed_commits(folder: Path) -> dict[str, str]:
    """Return the commit on main of each bare repository that has one."""
    got = [path for path in sorted(folder.glob("*.git")) if git(path, "for-each-ref")]
    return {path.stem: git(path, "rev-parse", "main") for path in got}


def records() -> dict[str, state.Record]:
    """Return the last record of each repository."""
    return dict(state.read(Path("out")).records)


def push_all(folder: Path, *args: str, rate: str = "1000") -> dict[str, object]:
    """Push over file://, and return the JSON output and the exit code."""
    pattern = f"file://{folder}/{{repo}}.git"
    result = scaffold("cohort", "push", "out", "--remote", pattern, "--rate", rate, "--json", *args)
    assert result.exit_code in {0, 1}, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return {**found, "code": result.exit_code}


def test_the_recorded_commit_is_pushed() -> None:
    """To main, and the record names the remote."""
    create()
    folder = host(list(repositories()))
    assert push_all(folder)["pushed"] == ["shop-2026-ada", "shop-2026-grace"]
    assert pushed_commits(folder) == commits()
    ada = records()["shop-2026-ada"]
    assert (ada.step, ada.remote) == ("pushed", f"file://{folder}/shop-2026-ada.git")


def test_user_settings_for_pushes_are_ignored() -> None:
    """Many hosts refuse signed pushes, push options and tags."""
    create("--only", "ada")
    folder = host(["shop-2026-ada"])
    git(repositories()["shop-2026-ada"], "tag", "-am", "Mine", "mine")
    (Path.home() / ".gitconfig").write_text(
        "[push]\ngpgSign = true\npushOption = ci.skip\nfollowTags = true\n", encoding="utf-8"
    )
    assert push_all(folder)["pushed"] == ["shop-2026-ada"]
    assert git(folder / "shop-2026-ada.git", "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_pushed_repositories_are_skipped() -> None:
    """The second run contacts the host only for a new student."""
    create()
    folder = host([*repositories(), "shop-2026-lin"], EVERY_THIRD)
    push_all(folder)
    pushes = (folder / "count").read_text(encoding="utf-8")
    assert push_all(folder)["before"] == ["shop-2026-ada", "shop-2026-grace"]
    assert (folder / "count").read_text(encoding="utf-8") == pushes
    write({"roster.csv": "username\nada\ngrace\nlin\n"})
    create()
    assert push_all(folder)["pushed"] == ["shop-2026-lin"]


def test_refused_pushes_are_retried() -> None:
    """All repositories arrive at a host that refuses every third push."""
    write({"roster.csv": roster(9)})
    create()
    folder = host(list(repositories()), EVERY_THIRD)
    result = push_all(folder)
    assert (result["failed"], result["stopped"], result["code"]) == ([], "", 0)
    assert pushed_commits(folder) == commits()
    assert len((folder / "count").read_text(encoding="utf-8").splitlines()) == 9 + 4


def test_git_pull_fetches_the_students_commits() -> None:
    """The push sets up the remote for a plain `git pull`."""
    create("--only", "ada")
    folder = host(["shop-2026-ada"])
    push_all(folder)
    git(Path(), "clone", "-q", str(folder / "shop-2026-ada.git"), "student")
    Path("student/src/app.py").write_text("app = 2\n", encoding="utf-8")
    git(Path("student"), "commit", "-qam", "Mine")
    git(Path("student"), "push", "-q")
    git(repositories()["shop-2026-ada"], "pull", "-q")
    assert git(repositories()["shop-2026-ada"], "log", "-1", "--format=%s") == "Mine"


def test_an_unrecorded_push_is_recognised() -> None:
    """After a killed run, a remote with newer commits of the student counts as pushed."""
    create("--only", "ada")
    folder = host(["shop-2026-ada"])
    push_all(folder)
    git(Path(), "clone", "-q", str(folder / "shop-2026-ada.git"), "student")
    git(Path("student"), "commit", "-q", "--allow-empty", "-m", "Mine")
    git(Path("student"), "push", "-q")
    lines = Path("out/cohort.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("out/cohort.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    assert push_all(folder)["pushed"] == ["shop-2026-ada"]
    assert git(folder / "shop-2026-ada.git", "log", "-1", "--format=%s", "main") == "Mine"


def test_a_remote_with_another_history_is_not_overwritten() -> None:
    """It fails without retries, and the others are pushed."""
    create()
    folder = host(list(repositories()))
    git(Path(), "clone", "-q", str(folder / "shop-2026-ada.git"), "other")
    git(Path("other"), "commit", "-q", "--allow-empty", "-m", "Other")
    git(Path("other"), "push", "-q", "origin", "HEAD:main")
    before = git(folder / "shop-2026-ada.git", "rev-parse", "main")
    result = push_all(folder)
    assert result["pushed"] == ["shop-2026-grace"]
    assert git(folder / "shop-2026-ada.git", "rev-parse", "main") == before
    assert "rejected" in records()["shop-2026-ada"].error


def test_a_run_stops_after_three_failures_in_a_row() -> None:
    """The other repositories are not tried, and the exit code is 1."""
    write({"roster.csv": roster(6)})
    create()
    result = push_all(Path("nowhere").absolute())
    assert result["code"] == 1
    assert len(list(result["failed"] or [])) == 3  # type: ignore[call-overload]
    assert result["stopped"] == "3 pushes in a row failed, so the other 3 were not tried"
    folder = host(list(repositories()))
    retried = scaffold(
        "cohort", "push", "out", "--remote", f"file://{folder}/{{repo}}.git", "--rate", "99", "--failed"
    )
    assert retried.stdout == "✔ Pushed 3 repositories; 0 already pushed.\n"
    assert push_all(folder)["code"] == 0


def test_only_selects_one_repository() -> None:
    """By username."""
    create()
    folder = host(list(repositories()))
    assert push_all(folder, "--only", "grace")["pushed"] == ["shop-2026-grace"]
    assert list(pushed_commits(folder)) == ["shop-2026-grace"]


def test_a_dry_run_pushes_nothing() -> None:
    """It lists repositories and addresses, without credentials."""
    create()
    pattern = "https://me:s3cret@host.example/{repo}.git"
    result = scaffold("cohort", "push", "out", "--remote", pattern, "--dry-run")
    assert result.stdout.splitlines()[0] == "push  shop-2026-ada  to https://host.example/shop-2026-ada.git"
    assert "s3cret" not in result.output
    assert {record.step for record in records().values()} == {"committed"}


def test_credentials_are_neither_printed_nor_recorded() -> None:
    """Git repeats the whole address if it cannot reach the host."""
    create("--only", "ada")
    pattern = "https://me:s3cret@127.0.0.1:9/{repo}.git"
    options = PushOptions(remote.parse(pattern))
    report = push.push_cohort(Path("out"), options, RateLimiter(sleep=lambda _: None), lambda _: None)
    assert "127.0.0.1" in report.failed[0].error
    recorded = "".join(
        path.read_text("utf-8")
        for path in (Path("out/cohort.jsonl"), repositories()["shop-2026-ada"] / ".git/config")
    )
    assert "s3cret" not in recorded + report.failed[0].error


def test_repositories_without_a_commit_are_not_pushed() -> None:
    """They are listed instead."""
    create("--no-git")
    assert push_all(host([]))["unmade"] == ["shop-2026-ada", "shop-2026-grace"]


def test_pushes_are_limited_to_one_per_second() -> None:
    """The time that git takes counts towards the second."""
    now = [100.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    limiter = RateLimiter(sleep=sleep, clock=lambda: now[0])
    for took in (0.25, 0.25, 3.0, 0.0):
        limiter.wait()
        now[0] += took
    assert slept == [0.75, 0.75]


def test_delays_double_after_each_refusal() -> None:
    """With 50 percent jitter, up to 90 seconds."""
    slept: list[float] = []
    limiter = RateLimiter(sleep=slept.append, jitter=lambda _low, high: high)
    for refusals in range(1, 8):
        limiter.back_off(refusals)
    assert slept == [3.0, 6.0, 12.0, 24.0, 48.0, 90.0, 90.0]
    spread: list[float] = []
    for _ in range(20):
        RateLimiter(sleep=spread.append).back_off(1)
    assert len(set(spread)) > 1
    assert all(1.0 <= seconds <= 3.0 for seconds in spread)


def test_pushing_without_git_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Creating a cohort needs no git; pushing does."""
    monkeypatch.setenv("PATH", "")
    create()
    result = scaffold("cohort", "push", "out", "--remote", "file:///x/{repo}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: git is not installed, and pushing needs it.")


def test_a_broken_git_is_not_retried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For example on a Mac without developer tools. The error contains git's message."""
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
    """Run an ssh server on a free loopback port that accepts one key; return user, host and port."""
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


def test_push_over_ssh(sshd: str) -> None:
    """With the user's key, to a host that refuses every third push."""
    write({"roster.csv": roster(4)})
    create()
    folder = host(list(repositories()), EVERY_THIRD)
    pattern = f"ssh://{sshd}{folder}/{{repo}}.git"
    result = scaffold("cohort", "push", "out", "--remote", pattern, "--rate", "50")
    assert (result.exit_code, result.stdout) == (0, "✔ Pushed 4 repositories; 0 already pushed.\n"), (
        result.output
    )
    assert pushed_commits(folder) == commits()
    assert records()["shop-2026-user0"].remote == pattern.replace("{repo}", "shop-2026-user0")


def test_an_unknown_key_is_not_retried(sshd: str, tmp_path: Path) -> None:
    """Repeated attempts could lock the account."""
    create("--only", "ada")
    (tmp_path / "ssh/authorized_keys").write_text("", encoding="utf-8")
    slept: list[float] = []
    options = PushOptions(remote.parse(f"ssh://{sshd}/x/{{repo}}.git"))
    report = push.push_cohort(Path("out"), options, RateLimiter(sleep=slept.append), lambda _: None)
    assert "Permission denied" in report.failed[0].error
    assert slept == []
