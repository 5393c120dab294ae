"""Run `uv run poe dev` of a generated project on a free port."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .processes import Running, running
from .projects import Project
from .waiting import answers, free_port, until
from .web import Answer, Browser, Page

LOGIN = re.compile(r"([\w.+-]+@[\w.-]+)\s+(\S+)")


@dataclass(frozen=True, slots=True)
class DevServer:
    """A running development server, its address and its output."""

    url: str
    program: Running
    port: int

    @property
    def logins(self) -> dict[str, str]:
        """The printed e-mail address and password of each demo account."""
        return dict(LOGIN.findall(self.program.text))

    def account(self, role: str) -> tuple[str, str]:
        """Return the login of the demo account with this role."""
        return next(pair for pair in self.logins.items() if pair[0].startswith(role))

    def browser(self) -> Browser:
        """Return a browser with no cookies."""
        return Browser(self.url)

    def logged_in(self, role: str) -> Browser:
        """Return a browser that is signed in with the demo account of this role."""
        browser = self.browser()
        answer = log_in(browser, *self.account(role))
        assert answer.status == 200, answer.text[-2000:]
        return browser


def log_in(browser: Browser, email: str, password: str) -> Answer:
    """Submit the sign-in form, on the home page or linked from it."""
    home = browser.open("/")
    link = next((link for link in Page(home).links if "login" in link), home.url)
    form = Page(browser.open(link)).form_with("password")
    values = {form.named("email"): email, form.named("password"): password}
    return browser.submit(form, **values)


@contextlib.contextmanager
def dev(project: Project, **extra: str) -> Iterator[DevServer]:
    """Run `poe dev` while the block lasts; `extra` goes into its environment."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    env = project.env(PORT=str(port), PYTHONUNBUFFERED="1", **extra)
    with running([project.uv, "run", "poe", "dev"], project.path, env) as program:
        server = DevServer(url, program, port)
        program.says(url.rstrip("/"), within=120)
        until(
            lambda: answers(port) or program.process.poll() is not None,
            within=60,
            what=lambda: f"a server at {url}:\n{program.text}",
        )
        assert program.process.poll() is None, program.text
        yield server
