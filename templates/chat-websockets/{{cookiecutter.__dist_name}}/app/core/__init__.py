"""What any service on FastAPI needs; nothing in here knows what this one is for."""
