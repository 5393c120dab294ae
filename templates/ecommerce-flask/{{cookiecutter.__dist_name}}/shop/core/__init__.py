"""What every part of the shop stands on: errors, limits, logs, health, headers."""
