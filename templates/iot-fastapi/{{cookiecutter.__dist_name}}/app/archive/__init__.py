"""The archive: raw readings of past days as compressed files."""
