"""Settings that are refused, in the style of unittest."""

from __future__ import annotations

import string
import unittest

import pytest

from shop.settings import SettingsError, load

pytestmark = pytest.mark.milestone(1)
GOOD = string.ascii_letters
PRODUCTION = {
    "APP_ENV": "production",
    "DEFAULT_FROM_EMAIL": "shop@example.com",
    "EMAIL_URL": "console:",
    "FAKE_WEBHOOK_SECRET": GOOD,
    "JWT_SIGNING_KEY": GOOD,
    "MONGODB_URI": "mongodb://db/?replicaSet=rs0",
    "PAYMENTS": "fake",
    "SECRET_KEY": GOOD,
}


class ProductionTest(unittest.TestCase):
    """Production starts with good settings only."""

    def refused(self, **changes: str) -> str:
        """Return the sentence with which these settings are refused."""
        with self.assertRaises(SettingsError) as caught:
            load(PRODUCTION | changes)
        return str(caught.exception)

    def test_good_ones_are_taken(self) -> None:
        """Nothing more than these is needed."""
        self.assertTrue(load(PRODUCTION).production)

    def test_what_is_missing_is_named(self) -> None:
        """One sentence, with the variable."""
        for name in PRODUCTION.keys() - {"APP_ENV"}:
            with self.subTest(name):
                self.assertIn(f"{name} is missing", self.refused(**{name: ""}))

    def test_weak_secrets_are_named(self) -> None:
        """Short, repeated and well-known ones."""
        for weak in ("short", "a" * 40, "change-me-" + GOOD):
            with self.subTest(weak):
                self.assertIn("SECRET_KEY is", self.refused(SECRET_KEY=weak))

    def test_debugging_is_refused(self) -> None:
        """Its console would run what a visitor types."""
        self.assertIn("FLASK_DEBUG", self.refused(FLASK_DEBUG="1"))

    def test_stripe_needs_its_keys(self) -> None:
        """Choosing the provider is choosing its secrets."""
        self.assertIn("STRIPE_SECRET_KEY is missing", self.refused(PAYMENTS="stripe"))

    def test_nonsense_is_refused(self) -> None:
        """A number is a number, a choice one of its values."""
        self.assertIn("PORT must be a whole number", self.refused(PORT="eighty"))
        self.assertIn("PORT must be from 1 to 65535", self.refused(PORT="99999"))
        self.assertIn("LOG_LEVEL must be one of INFO", self.refused(LOG_LEVEL="loud"))
        self.assertIn("PAYMENTS must be one of", self.refused(PAYMENTS="cash"))
        self.assertIn("EMAIL_URL must begin", self.refused(EMAIL_URL="pigeon:"))
        url = self.refused(FAKE_WEBHOOK_URL="file:///etc/passwd")
        self.assertIn("FAKE_WEBHOOK_URL must begin", url)
        self.assertIn("APP_ENV must be one of", self.refused(APP_ENV="staging"))
