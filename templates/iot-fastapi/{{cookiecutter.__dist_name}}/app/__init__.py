"""A telemetry platform: devices report, people watch and act."""
