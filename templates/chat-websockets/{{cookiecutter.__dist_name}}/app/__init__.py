"""A chat: people, rooms, messages, the socket, the pages."""
