"""What has to be sent: kept with the change that caused it, sent by the relay."""
