"""Search: notes that hold every word."""
