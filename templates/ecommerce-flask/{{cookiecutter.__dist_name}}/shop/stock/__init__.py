"""How many of each SKU there are, and every change of that as a record."""
