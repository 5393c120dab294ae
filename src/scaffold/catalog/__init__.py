"""The templates that can be generated, and what a project may be called."""
