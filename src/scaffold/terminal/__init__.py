"""Prompts, text and tables for people, and JSON for programs."""
