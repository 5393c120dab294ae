"""A template and answers in, a project out."""
