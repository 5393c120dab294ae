"""Notes: the table, the form, the pages."""
