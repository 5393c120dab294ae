"""All notes in one file, to take along."""
