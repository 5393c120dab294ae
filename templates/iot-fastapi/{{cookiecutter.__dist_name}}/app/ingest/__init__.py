"""From the broker into the database: validated, batched, acknowledged once stored."""
