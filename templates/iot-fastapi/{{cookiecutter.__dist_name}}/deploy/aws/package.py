"""Make read-api.zip, the code of the Lambda function: the project and what it needs.

Wheels for Lambda's machine and Python are fetched whatever this machine is. The same
project gives the same archive, byte for byte.
"""

from __future__ import annotations

import argparse
import re
import subprocess  # nosec B404
import sys
import tempfile
import zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PLATFORM = "x86_64-manylinux_2_28"
RUNTIME = re.compile(r"Runtime: python(\d+\.\d+)")
# Lambda brings the first four along; the other two migrate, which the worker does.
LEFT_OUT = ("boto3", "botocore", "s3transfer", "jmespath", "alembic", "mako")
LIMIT_BYTES = 250 * 1024 * 1024  # what Lambda takes, unpacked
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first day that zip knows


def main() -> None:
    """Write the archive, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, nargs="?", default=Path("read-api.zip"))
    target: Path = parser.parse_args().target
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        size = write(Path(folder), target)
    if size > LIMIT_BYTES:
        sys.exit(f"{size:,} bytes unpacked are more than Lambda takes.")
    packed = target.stat().st_size
    sys.stdout.write(f"{target}: {packed:,} bytes, {size:,} unpacked\n")


def install(folder: Path) -> None:
    """Fetch what the project needs into a folder."""
    requirements = folder / "requirements.txt"
    leave_out = [f"--no-emit-package={name}" for name in LEFT_OUT]
    export = ["uv", "export", "--quiet", "--no-dev", "--no-hashes", *leave_out]
    run([*export, f"--output-file={requirements}"])
    fetch = ["uv", "pip", "install", "--quiet", "--only-binary=:all:", "--no-deps"]
    where = [f"--python-platform={PLATFORM}", f"--python-version={python()}"]
    run([*fetch, *where, f"--target={folder}", f"--requirement={requirements}"])
    requirements.unlink()


def python() -> str:
    """Return the Python that the function runs on, as its template says."""
    template = PROJECT / "deploy/aws/read-api.yaml"
    found = RUNTIME.search(template.read_text(encoding="utf-8"))
    if not found:
        sys.exit("deploy/aws/read-api.yaml has no Runtime: python3.X")
    return found[1]


def run(command: list[str]) -> None:
    """Run a command of uv in the project."""
    subprocess.run(command, cwd=PROJECT, check=True)  # noqa: S603 (ours)  # nosec B603


def write(folder: Path, target: Path) -> int:
    """Write the packages and our own code; return their size."""
    files = {path.relative_to(folder): path for path in folder.rglob("*")}
    files |= {path.relative_to(PROJECT): path for path in (PROJECT / "app").rglob("*")}
    size = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files.items()):
            if path.is_file() and "__pycache__" not in name.parts:
                entry = zipfile.ZipInfo(name.as_posix(), EPOCH)
                entry.external_attr, entry.compress_type = 0o644 << 16, 8
                content = path.read_bytes()
                archive.writestr(entry, content)
                size += len(content)
    return size


if __name__ == "__main__":
    main()
