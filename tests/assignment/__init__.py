"""Assignments: the file, and what is made of it for one student."""
