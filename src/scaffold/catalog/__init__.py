"""The available templates, and the rules for project names."""
