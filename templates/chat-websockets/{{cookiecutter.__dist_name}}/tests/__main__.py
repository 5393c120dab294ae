"""`poe test`: the whole suite with coverage on all cores, or plainly what is named."""

import sys

import pytest

WHOLE = ["--cov", "--numprocesses", "auto", "--dist", "worksteal"]

if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:] or WHOLE))
