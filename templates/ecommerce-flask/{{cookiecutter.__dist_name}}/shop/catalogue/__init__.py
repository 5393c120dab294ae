"""What the shop sells: products with their variants, found, shown and imported."""
