"""Cohorts: rosters in, repositories out, and what became of them."""
