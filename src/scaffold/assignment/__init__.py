"""Assignment files, in which an instructor fixes the choices of a project: read, check and write them."""
