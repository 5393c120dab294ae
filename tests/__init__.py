"""The tests: one file per module of the package, and the templates tried out."""
