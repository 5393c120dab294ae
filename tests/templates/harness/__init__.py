"""Helpers of the template tests: tools, servers, the wheel, and the projects that it generates."""
