"""Messages: written once, numbered without a gap, found again."""
