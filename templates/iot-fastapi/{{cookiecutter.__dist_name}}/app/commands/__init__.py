"""What people ask devices to do, and what became of it."""
