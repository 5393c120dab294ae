"""Devices, the sites and groups that they belong to, and their credentials."""
