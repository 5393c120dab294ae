"""What the template tests stand on: tools, servers, the wheel and the projects it makes."""
