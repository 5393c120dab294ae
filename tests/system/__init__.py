"""Programs, git and the network."""
