"""What shows that a template is good at every milestone: its laws, its sizes, and the gate."""
