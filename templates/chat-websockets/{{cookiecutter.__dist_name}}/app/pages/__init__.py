"""The pages: rooms, reading and writing, and one's account, with scripts or without."""
