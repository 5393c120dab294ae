"""Refresh the pins: resolve anew, show what changed, prove it, and name the package that broke a project.

    .venv/bin/python tools/refresh_pins.py                       # everything
    .venv/bin/python tools/refresh_pins.py blog-django           # one template
    .venv/bin/python tools/refresh_pins.py --urgent django       # a security fix: without the cooldown
    .venv/bin/python tools/refresh_pins.py --check               # do the seeds match their pins?

A release has to be seven days old, because most hijacked packages are found within days. New pins of a
template stay only if a project made with them passes its own checks. If it fails, the changes are tried in
halves to find the package that broke it, the old pins stay, and the exit code is 1.
"""

import argparse
import sys

import pins
import proof

COOLDOWN_DAYS = 7


def main(arguments: list[str] | None = None) -> int:
    """Refresh what is named and return the exit code."""
    targets = pins.targets()
    parser = argparse.ArgumentParser(description="Refresh the pinned versions and prove them.")
    parser.add_argument("target", nargs="*", help=f"what to refresh: {', '.join(targets)} (all)")
    parser.add_argument(
        "--cooldown", type=int, default=COOLDOWN_DAYS, metavar="DAYS", help="age of a release"
    )
    parser.add_argument(
        "--urgent", action="append", default=[], metavar="PACKAGE", help="upgrade it without the cooldown"
    )
    parser.add_argument("--no-proof", action="store_true", help="write the pins without trying them")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a seed is not made from its pins"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.target) - set(targets))
    if unknown:
        parser.error(f"There is nothing called {unknown[0]!r}. There are: {', '.join(targets)}.")
    chosen = [targets[name] for name in options.target or targets]
    if options.check:
        return check(chosen)
    return max(refresh(target, options) for target in chosen)


def check(chosen: list[pins.Target]) -> int:
    """Name each seed that differs from its pins; return the exit code."""
    stale = [
        target.name
        for target in chosen
        if target.seeded
        and (target.folder / pins.LOCK).read_text(encoding="utf-8")
        != target.read().seed(target.requires_python)
    ]
    for name in stale:
        print(
            f"The uv.lock of {name} does not match its constraints.txt. "
            f"Run: python tools/refresh_pins.py {name}"
        )
    return 1 if stale else 0


def refresh(target: pins.Target, options: argparse.Namespace) -> int:
    """Resolve one target anew, prove it where it is a template, and return the exit code."""
    try:
        old = target.read()
    except OSError:  # it was never pinned
        old = pins.PinSet(pins.today(), ())
    new = pins.resolve(target, cooldown=options.cooldown, urgent=options.urgent)
    changes = old.changes(new)
    print(f"\n{target.name}: {len(new.versions)} packages, {len(changes)} changed", flush=True)
    for change in changes:
        print(f"  {change.name:<32} {change.before or '-':>16}  ->  {change.after or '-'}")
    if not changes:
        return 0
    if target.seeded and not options.no_proof:
        print(f"  trying it: {proof.CHECK}", flush=True)
        verdict = proof.prove(target.name, {}, new)
        print(f"  {verdict.summary}", flush=True)
        if verdict.failed:
            print(verdict.output[-proof.SHOWN_CHARACTERS :])
            culprits = proof.blame(old, new, lambda trial: not proof.prove(target.name, {}, trial).failed)
            print(proof.accusation(culprits), f"The pins of {target.name} stay as they were.", sep="\n")
            return 1
    target.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
