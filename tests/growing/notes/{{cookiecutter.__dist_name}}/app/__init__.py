"""A small notes app on the standard library."""
