"""The broker: topics, messages, who may do what, and the platform's own link."""
