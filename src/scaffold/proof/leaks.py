"""The leak check: a starter, and the history before it, must not show the code that it leaves to be written.

It finds copies, not paraphrases, and it does not keep anyone who has scaffold from generating the complete
project.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path, PurePosixPath

from scaffold.catalog.model import COMPLETE, STARTER, Template
from scaffold.engine import growth, milestones, render
from scaffold.engine.plan import PlannedFile
from scaffold.errors import ScaffoldError
from scaffold.proof import bodies, sizes
from scaffold.proof.bodies import Body
from scaffold.proof.growing import answers_at
from scaffold.proof.source import Mistake
from scaffold.system import process

_TASK_SHEETS = PurePosixPath("docs/milestones")
_MESSAGE = "the message"

Files = tuple[PlannedFile, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """A file with its lines stripped and joined, and where each line starts in that."""

    path: str
    text: str
    starts: tuple[int, ...]

    def line_at(self, position: int) -> int:
        return bisect_right(self.starts, position)


class LeakCheck:
    """Looks for leaks in the starters of one template; each leak is a sentence.

    Tests and task sheets may show anything. The methods raise TemplateError for a mistake in the template.
    """

    def __init__(self, template: Template, given: Mapping[str, str]) -> None:
        self.template = template

        def layers(number: int, edition: str) -> Files:
            return render.layers(template, answers_at(template, number, edition, given))

        self._layers: Callable[[int, str], Files] = lru_cache(maxsize=None)(layers)
        self._hidden: Callable[[int], tuple[Body, ...]] = lru_cache(maxsize=None)(self._list_hidden)

    def check_starter(self, number: int) -> tuple[str, ...]:
        """Return the leaks in the starter of a milestone."""
        pages = map(_page_of, filter(_is_searched, self._layers(number, STARTER)))
        return _search(pages, self._hidden(number), f"the starter of milestone {number}")

    def check_history(self, number: int) -> tuple[str, ...]:
        """Return the leaks in the commits before the starter of a milestone."""
        searched = set(self._layers(number, STARTER))
        leaks: list[str] = []
        for earlier in range(1, number):
            new = [file for file in self._layers(earlier, COMPLETE) if file not in searched]
            searched.update(new)
            pages = map(_page_of, filter(_is_searched, new))
            leaks += _search(pages, self._hidden(number), f"the commit of milestone {earlier}")
        return tuple(leaks)

    def check_repository(self, folder: Path, number: int) -> tuple[str, ...]:
        """Return the leaks in all commits, with their messages, of a repository that started as that starter.

        Raises ScaffoldError if git cannot read it.
        """
        searched: set[tuple[str, str]] = set()
        leaks: list[str] = []
        for commit in _git(folder, "rev-list", "--all", "--reverse").split():
            pages = [_page(_MESSAGE, _git(folder, "show", "-s", "--format=%B", commit))]
            for row in _git(folder, "ls-tree", "-r", "-z", commit).split("\0")[:-1]:
                about, _, path = row.partition("\t")
                blob = about.split()[2]
                if (path, blob) not in searched and _may_leak(PurePosixPath(path)):
                    pages.append(_page(path, _git(folder, "cat-file", "blob", blob)))
                searched.add((path, blob))
            leaks += _search(pages, self._hidden(number), f"the commit {commit[:10]}")
        return tuple(leaks)

    def list_exercises(self, number: int) -> Iterator[Body]:
        """Yield the bodies that the starter of a milestone leaves to be written."""
        edits = milestones.load_stubs(self.template).edits.get(number, {})
        for file in self._layers(number, COMPLETE):
            path = str(file.path)
            if path in edits:
                text = file.content.decode()
                yield from bodies.list_removed(path, text, growth.apply_stubs(text, edits[path]))

    def _list_hidden(self, number: int) -> tuple[Body, ...]:
        """Return the exercises of a milestone and later ones, but none that an earlier function contains."""
        earlier = "\n".join(
            text
            for file in (self._layers(number - 1, COMPLETE) if number > 1 else ())
            if file.path.suffix == ".py"
            for body in bodies.list_bodies(str(file.path), file.content.decode())
            for text in body.texts
        )
        return tuple(
            body
            for row in self.template.milestones[number - 1 :]
            for body in self.list_exercises(row.number)
            if not any(text in earlier for text in body.texts)
        )


def _is_searched(file: PlannedFile) -> bool:
    return _may_leak(file.path)


def _may_leak(path: PurePosixPath) -> bool:
    return not sizes.is_test(path) and _TASK_SHEETS not in path.parents


def _page_of(file: PlannedFile) -> _Page:
    return _page(str(file.path), file.content.decode("utf-8", "replace"))


def _page(path: str, text: str) -> _Page:
    lines = [bodies.strip(line) for line in text.split("\n")]
    return _Page(path, "".join(lines), tuple(accumulate(map(len, lines[:-1]), initial=0)))


def _search(pages: Iterable[_Page], hidden: Iterable[Body], where: str) -> tuple[str, ...]:
    """Return a sentence for each body that a page shows."""
    leaks = [
        Mistake(page.path, page.line_at(position), f"{where} shows the body of {body.name} ({body.path}).")
        for page in pages
        for body in hidden
        if (position := max(page.text.find(text) for text in body.texts)) >= 0
    ]
    return tuple(leak.sentence for leak in sorted(leaks))


def _git(folder: Path, *words: str) -> str:
    done = process.git(words, folder)
    if not done.ok:
        raise ScaffoldError(f"git cannot read the repository {folder}: {done.complaint}.")
    return done.stdout
