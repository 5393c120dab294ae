"""Orders: their states, and the only ways from one to the next."""
