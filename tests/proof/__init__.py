"""What shows that a template is good at every milestone."""
