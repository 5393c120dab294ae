"""A stand-in for uv, which runs what a project says instead of installing and checking it."""

import sys
from pathlib import Path

import pytest

from scaffold.proof.toolchain import Toolchain

# `uv run poe lint` runs tasks/lint.py of the project, `uv sync` runs tasks/sync.py; both pass without one.
_STAND_IN = f"""#!{sys.executable}
import pathlib, runpy, sys
words = sys.argv[1:]
if words == ["--version"]:
    print("uv 0.0.1")
task = words[2] if words[:2] == ["run", "poe"] else words[0]
with pathlib.Path({{log!r}}).open("a") as log:
    log.write(task + "\\n")
if pathlib.Path("tasks", task + ".py").exists():
    runpy.run_path("tasks/" + task + ".py", run_name="__main__")
"""

# Serves on PORT and answers every GET with the status in STATUS.
DEV = """
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(STATUS)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Return the file with a line for each task that was run."""
    return tmp_path / "ran"


@pytest.fixture
def stand_in(tmp_path: Path, ran: Path) -> Toolchain:
    """Return a toolchain whose uv is the stand-in."""
    uv = tmp_path / "uv"
    uv.write_text(_STAND_IN.format(log=str(ran)), encoding="utf-8")
    uv.chmod(0o755)
    return Toolchain(uv, Path(sys.executable), "uv 0.0.1, Python 3.13.0")


def dev(status: int = 200) -> str:
    """Return the task that serves and answers with a status."""
    return DEV.replace("STATUS", str(status))
