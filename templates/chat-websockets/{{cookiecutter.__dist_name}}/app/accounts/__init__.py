"""People: who they are, how they prove it, whom they block."""
