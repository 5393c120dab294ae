"""Readings: stored once, rolled up, read back at the resolution that is asked for."""
