"""Payments: one interface, a provider for development and Stripe behind it."""
