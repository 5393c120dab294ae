"""From a template and answers to a project."""
