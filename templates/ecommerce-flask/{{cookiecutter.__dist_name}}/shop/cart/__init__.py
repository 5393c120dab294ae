"""What somebody means to buy, and what it costs."""
