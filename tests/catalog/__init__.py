"""The templates as they are read, and the names that projects may have."""
