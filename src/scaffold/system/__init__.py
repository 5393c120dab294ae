"""Access the machine: other programs, git and the network."""
