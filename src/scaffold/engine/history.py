"""Git history with one commit and one tag per milestone, and the same commit ids on every machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scaffold.catalog.model import COMPLETE, EDITION, MILESTONE, STARTER, Template
from scaffold.engine import milestones, render
from scaffold.engine.plan import Plan
from scaffold.system import git_objects
from scaffold.system.git_objects import Snapshot, Stamp

AUTHOR = "scaffold <scaffold@localhost>"
FIRST_COMMIT = datetime(2026, 1, 1, tzinfo=UTC)  # each later milestone is dated one day later


@dataclass(frozen=True, slots=True)
class History:
    """The commits up to a project's milestone, oldest first, and a tag for each complete milestone."""

    commits: Sequence[Snapshot]
    tags: Mapping[str, str]


def build(
    template: Template, answers: Mapping[str, str], plan: Plan, origin: Mapping[str, object] | None = None
) -> History:
    """Return the history that ends with this plan, which was rendered from `answers` and `origin`.

    The last commit of a starter gets no tag, because its milestone is not implemented yet. Raises
    TemplateError, and BadAnswer if the template has no milestones.
    """
    milestones.check_history(template)
    last, starter = int(answers[MILESTONE]), answers[EDITION] == STARTER
    commits: list[Snapshot] = []
    tags: dict[str, str] = {}
    for milestone in template.milestones[:last]:
        number = milestone.number
        is_starter = starter and number == last
        at = {**answers, MILESTONE: str(number), EDITION: COMPLETE}
        files = (plan if number == last else render.plan(template, at, origin)).files
        verb = "Start milestone" if is_starter else "Milestone"
        when = FIRST_COMMIT + timedelta(days=number - 1)
        stamp = Stamp(AUTHOR, int(when.timestamp()), 0, f"{verb} {number}: {milestone.title}")
        commits.append(git_objects.take(files, stamp, commits[-1] if commits else None))
        if not is_starter:
            tags[f"milestone-{number}"] = commits[-1].commit
    return History(commits, tags)


def write(history: History, folder: Path) -> None:
    """Create a repository with this history in the project's folder. Raises OSError."""
    git = folder / ".git"
    git.mkdir(mode=0o755)
    git_objects.write(history.commits, git, folder, history.tags)
