"""Assignments: a file in which an instructor fixes a project's choices, read, checked and written."""
