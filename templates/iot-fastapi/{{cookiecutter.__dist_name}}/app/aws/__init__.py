"""What stands in for the local services on AWS; deploy/aws makes what it talks to."""
