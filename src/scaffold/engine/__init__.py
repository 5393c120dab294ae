"""Generate a project from a template and answers."""
