"""Chromium for the tests of pages, with axe checks and screenshots."""

import contextlib
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright

from . import no_netlink, node
from .tools import Needs

WIDTHS = (360, 1280)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]


@contextlib.contextmanager
def headless(need: Needs) -> Iterator[Chromium]:
    """Run Chromium with an empty profile while the block lasts."""
    words = [sys.executable, no_netlink.__file__, need("chromium")]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        # Network changes by other tests must not abort requests here.
        path = Path(folder, "chromium")
        path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
        path.chmod(0o700)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def photographs(of: str) -> Path:
    """Return a folder for screenshots that is kept for manual review."""
    folder = Path(tempfile.gettempdir()) / "scaffold-screenshots" / of
    folder.mkdir(exist_ok=True, parents=True)
    return folder


def axe(need: Needs) -> str:
    """Return the script of axe, which finds accessibility problems."""
    return (node.installed(need("npm")) / "axe-core/axe.min.js").read_text(encoding="utf-8")


def serious(page: Page, script: str) -> list[str]:
    """Return axe's serious and critical findings on the page."""
    # The debugger evaluates it, so that the content security policy does not apply.
    page.evaluate(script)
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {json.dumps([n['html'] for n in one['nodes']][:3])}"
        for one in result["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
