"""What the templates' benchmarks share: a project made for them, and gunicorn serving it as in production."""

import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.templates.harness import tools  # noqa: E402 - the tests' harness is good enough for this
from tests.templates.harness.once import Once  # noqa: E402
from tests.templates.harness.processes import running  # noqa: E402
from tests.templates.harness.projects import Project, Scaffold  # noqa: E402
from tests.templates.harness.waiting import answers, until  # noqa: E402

ROUNDS = 5
SECRET = "benchmark-benchmark-benchmark-benchmark"  # noqa: S105 - of a server that lives for a minute


@contextmanager
def generated(template: str) -> Iterator[Project]:
    """Generate a project with the `scaffold` beside this Python, ready to run, while the block lasts."""
    uv, python = tools.uv(), tools.python("3.13")
    if not (uv and python):
        sys.exit("This needs uv and Python 3.13.")
    with tempfile.TemporaryDirectory(prefix="scf-") as name:
        folder = Path(name)
        scaffold = Scaffold(Path(sys.executable).with_name("scaffold"), Once(folder), uv)
        yield scaffold.ready(scaffold.new(template, folder / "project", {}), python)


@contextmanager
def gunicorn(project: Project, config: str, app: str, port: int, env: Mapping[str, str]) -> Iterator[None]:
    """Serve the application on loopback while the block lasts, its log in a file beside the project."""
    env = {**env, "TMPDIR": str(project.path.parent)}  # its folder of counters goes with the project
    log = project.path.parent / f"{port}.log"
    words = [project.uv, "run", "gunicorn", "-c", f"python:{config}", "-b", f"127.0.0.1:{port}", app]
    # Reading the log through a pipe would cost this process time that it needs to ask.
    serve = ["sh", "-c", f"exec {shlex.join(words)} >{shlex.quote(str(log))} 2>&1"]
    with running(serve, project.path, env) as server:

        def up() -> bool:
            if server.process.poll() is not None:
                sys.exit(f"gunicorn ended:\n{log.read_text(errors='replace')}")
            return answers(port)

        until(up, within=60, what=lambda: log.read_text(errors="replace"))
        yield
