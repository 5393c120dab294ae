"""The socket: what happens in a room, to everybody in it, at once."""
