"""Lets `python -m scaffold` do what `scaffold` does, where the command is not on PATH."""

from scaffold.cli import main

main(prog_name="scaffold")
