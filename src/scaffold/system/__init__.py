"""What scaffold asks of the machine: other programs, git, the network."""
