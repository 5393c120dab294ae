"""The command groups for instructors: options in, output and exit codes out, as in `cli`."""
