"""scaffold generates complete web projects from the templates that come with it."""

__version__ = "0.1.0"
