"""Alerts: rules that watch the readings, and who is told."""
