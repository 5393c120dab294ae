"""Rooms: who is in them, and what each may do there."""
